import { expect, it } from 'vitest';
import { linesOf, ratesOf, sampleCharts } from './samples';

const sample = (second: number) => ({
  time: new Date(Date.UTC(2026, 2, 1, 12, 0, second)).toISOString(),
  readings_per_second: second,
  append_p50_ms: 1,
  append_p95_ms: 2,
  append_p99_ms: 3,
  queued: 0,
  connections: 5,
});

it('Each measure of a chart is a line', () => {
  const latency = sampleCharts.find(({ unit }) => unit === 'ms');
  const lines = latency ? linesOf([sample(0), sample(10)], latency) : [];
  expect(lines.map(({ label, values }) => [label, ...values])).toEqual([
    ['p50', 1, 1],
    ['p95', 2, 2],
    ['p99', 3, 3],
  ]);
});

it('A process that was silent has a hole', () => {
  const [rate] = sampleCharts;
  expect(rate && linesOf([sample(0), sample(10), sample(58)], rate)[0]?.values).toEqual([0, 10, null, 58]);
});

it('Processes that store at the same time store more together', () => {
  const { times, values } = ratesOf([{ samples: [sample(1), sample(11)] }, { samples: [sample(13)] }]);
  expect(values).toEqual([1, 24]);
  expect(times.map((time) => new Date(time).getUTCSeconds())).toEqual([0, 10]);
});
