/** Where a payload has its number, as the API's `field`: the payload itself, or its member `value`, when left out. */
export function numberIn(value: unknown, field: string | null): number | null {
  const found = field === null ? (isObject(value) ? value['value'] : value) : field.split('.').reduce(memberOf, value);
  return typeof found === 'number' && Number.isFinite(found) ? found : null;
}

/** The fields of a payload that have numbers, in its order; a payload that is a number, or has one as `value`, has null. */
export function numberFields(value: unknown): (string | null)[] {
  if (typeof value === 'number') {
    return [null];
  }

  const fields = [...namesOf(value, '')];
  return fields.map((field) => (field === 'value' ? null : field));
}

/** The unit that a payload names, as {"value": 21.5, "unit": "°C"} or SenML's "u" (RFC 8428) do; else what its field's name ends in. */
export function unitOf(value: unknown, name: string): string {
  const named = isObject(value) ? (value['unit'] ?? value['u']) : undefined;
  if (typeof named === 'string' && named.length <= 12) {
    return named;
  }

  const ending = /_([A-Za-z]+)$/.exec(name)?.[1] ?? name.split('/').at(-1) ?? '';
  return unitsByEnding.get(ending.toLowerCase()) ?? '';
}

/** The numbers of a payload with their names; the one that a payload is, or has as `value`, has none. */
export function measuresOf(value: unknown, topic: string): { name: string; number: number; unit: string }[] {
  const fields = numberFields(value);
  return fields.flatMap((field) => {
    const number = numberIn(value, field);
    // A unit that a payload of several numbers names is that of its `value`.
    const unit = fields.length > 1 && field !== null ? unitOf(null, field) : unitOf(value, field ?? topic);
    return number === null ? [] : [{ name: field ?? '', number, unit }];
  });
}

/** Only endings that mean one unit and nothing else. */
const unitsByEnding = new Map([
  ['celsius', '°C'],
  ['fahrenheit', '°F'],
  ['kelvin', 'K'],
  ['percent', '%'],
  ['pct', '%'],
  ['hpa', 'hPa'],
  ['kpa', 'kPa'],
  ['bar', 'bar'],
  ['volt', 'V'],
  ['volts', 'V'],
  ['mv', 'mV'],
  ['ampere', 'A'],
  ['watt', 'W'],
  ['watts', 'W'],
  ['kw', 'kW'],
  ['kwh', 'kWh'],
  ['wh', 'Wh'],
  ['litres', 'l'],
  ['liters', 'l'],
  ['m3', 'm³'],
  ['dbm', 'dBm'],
  ['ppm', 'ppm'],
  ['lux', 'lx'],
  ['rpm', 'rpm'],
]);

/** A payload in one line: a number or a text as it is, anything else as JSON. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const memberOf = (value: unknown, name: string): unknown =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;

function* namesOf(value: unknown, prefix: string): Generator<string> {
  for (const [name, member] of isObject(value) ? Object.entries(value) : []) {
    if (typeof member === 'number') {
      yield prefix + name;
    } else if (!name.includes('.')) {
      yield* namesOf(member, `${prefix}${name}.`);
    }
  }
}
