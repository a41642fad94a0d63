const large = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
const usual = new Intl.NumberFormat(undefined, { maximumSignificantDigits: 5 });
const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });

/** A measured number, as many digits as somebody reads; the file that one downloads has all of them. */
export function numberText(value: number): string {
  return !Number.isFinite(value)
    ? '–'
    : Math.abs(value) >= 1e15 || (value !== 0 && Math.abs(value) < 1e-6)
      ? value.toExponential(3)
      : (Math.abs(value) >= 1_000 ? large : usual).format(value);
}

/** A measured number with its unit, where one is known. */
export const measureText = (value: number, unit: string): string =>
  unit ? `${numberText(value)} ${unit}` : numberText(value);

/** Several of them, each with its name where it has one: temperature 21.5 °C · humidity 44 %. */
export const measuresText = (measures: readonly { name: string; number: number; unit: string }[]): string =>
  measures.map(({ name, number, unit }) => (name ? `${name} ` : '') + measureText(number, unit)).join(' · ');

/** How many. */
export const countText = (count: number): string => whole.format(count);

/** About how many, where there is little room. */
export const shortCountText = (count: number): string => short.format(count);

const bytes = ['B', 'kB', 'MB', 'GB', 'TB'];

export function bytesText(length: number): string {
  const step = length < 1_000 ? 0 : Math.min(Math.floor(Math.log10(length) / 3), bytes.length - 1);
  return `${usual.format(Number((length / 1_000 ** step).toPrecision(3)))} ${bytes[step]}`;
}
