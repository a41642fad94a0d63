import { describe, expect, it } from 'vitest';
import { scalesOf, withoutAxis } from './axes';

describe('the axes of a chart', () => {
  it('are one for lines of one unit', () =>
    expect(scalesOf(['°C', '°C'], 1_000)).toEqual([{ unit: '°C', scale: 'unit-0', side: 'left', hasAxis: true }]));

  it('are one for each unit, and no two units share a scale', () => {
    const scales = scalesOf(['°C', 'kPa', '°C', '%'], 1_000);
    expect(scales.map(({ unit }) => unit)).toEqual(['°C', 'kPa', '%']);
    expect(new Set(scales.map(({ scale }) => scale)).size).toBe(3);
    expect(scales.map(({ side }) => side)).toEqual(['left', 'right', 'right']);
    expect(scales.every(({ hasAxis }) => hasAxis)).toBe(true);
  });

  it('are two on a phone, and the other units keep scales of their own', () => {
    const scales = scalesOf(['°C', 'kPa', '%'], 330);
    expect(scales.map(({ hasAxis }) => hasAxis)).toEqual([true, true, false]);
    expect(scales[2]?.scale).not.toBe(scales[1]?.scale);
    expect(withoutAxis(['°C', 'kPa', '%'], 330)).toEqual(['%']);
    expect(withoutAxis(['°C', 'kPa'], 330)).toEqual([]);
  });
});
