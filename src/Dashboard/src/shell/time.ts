import { useNow } from '@vueuse/core';

/** By whose clock times are shown: the viewer's. */
export const timeZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** The clock of the pages, as often as somebody may notice. */
export const clock = useNow({ interval: 5_000 });

const full = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});

const zoned = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
  timeZoneName: 'short',
});

const zoneOnly = new Intl.DateTimeFormat('en-GB', { timeZoneName: 'shortOffset' });

/** A moment by the viewer's clock. */
export const momentOf = (time: number): string => full.format(time);

/** The same with its zone, where it stands alone. */
export const zonedMomentOf = (time: number): string => zoned.format(time);

const toDay = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const toMinute = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** From and to, no finer than what is between them: days, minutes or seconds; a date once where both are of one day. */
export function rangeText({ start, end }: { start: number; end: number }): string {
  const form = end - start >= 4 * 86_400_000 ? toDay : end - start >= 3_600_000 ? toMinute : full;
  return form.formatRange(start, end);
}

/** How the zone is written beside times: its name and, because not everybody knows that, its offset at the moment. */
export function zoneOf(time: number): string {
  const offset = zoneOnly.formatToParts(time).find((part) => part.type === 'timeZoneName')?.value ?? '';
  return timeZone === 'UTC' ? 'UTC' : `${timeZone.replaceAll('_', ' ')}, ${offset}`;
}

const relative = new Intl.RelativeTimeFormat('en', { numeric: 'always', style: 'long' });

/** Months and years from two on: "1 month ago" may be anything from 30 to 60 days. */
const steps = [
  { unit: 'year', length: 31_557_600_000, from: 2 },
  { unit: 'month', length: 2_629_800_000, from: 2 },
  { unit: 'day', length: 86_400_000, from: 1 },
  { unit: 'hour', length: 3_600_000, from: 1 },
  { unit: 'minute', length: 60_000, from: 1 },
] as const;

/** How long ago, for a glance: in whole minutes, hours, days, months or years. */
export function agoOf(time: number, now: number): string {
  const step = steps.find(({ length, from }) => Math.abs(now - time) >= length * from);
  return step
    ? relative.format(Math.trunc((time - now) / step.length), step.unit)
    : now - time < 10_000
      ? 'just now'
      : `${Math.floor((now - time) / 1_000)} seconds ago`;
}

/** A length of time in its two greatest units, as 3 d 4 h. */
export function lengthText(seconds: number): string {
  const [d, h, m] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3_600) % 24, Math.floor(seconds / 60) % 60];
  return d > 0 ? `${d} d ${h} h` : h > 0 ? `${h} h ${m} min` : m > 0 ? `${m} min` : `${Math.floor(seconds)} s`;
}
