/** How the numbers of one unit are drawn: a scale of their own, and an axis for it where there is room. */
export interface UnitScale {
  readonly unit: string;
  readonly scale: string;
  readonly side: 'left' | 'right';
  /** Without one its numbers are in the legend only, which says so. */
  readonly hasAxis: boolean;
}

/** A plot keeps this much of its width for each axis, so that what is left is a chart. */
const widthOfAxis = 170;

/**
 * Each unit has a scale of its own: on a shared one a line would show a height that is not its number. The first has its
 * axis on the left, the others on the right, at most as many as there is room for, and two at least.
 */
export function scalesOf(units: readonly string[], width: number): UnitScale[] {
  const most = Math.max(2, Math.floor(width / widthOfAxis));
  return [...new Set(units)].map((unit, place) => ({
    unit,
    scale: `unit-${place}`,
    side: place === 0 ? 'left' : 'right',
    hasAxis: place < most,
  }));
}

/** The units of which no axis is drawn. */
export function withoutAxis(units: readonly string[], width: number): string[] {
  return scalesOf(units, width)
    .filter(({ hasAxis }) => !hasAxis)
    .map(({ unit }) => unit);
}
