import type { Line } from '@/telemetry/plot';
import type { Process, Sample } from './status';

type Measured = Exclude<keyof Sample, 'time'>;

export interface SampleChart {
  readonly title: string;
  readonly unit: string;
  readonly lines: readonly { readonly label: string; readonly of: Measured }[];
}

export const sampleCharts: readonly SampleChart[] = [
  { title: 'Readings a second', unit: '', lines: [{ label: 'stored', of: 'readings_per_second' }] },
  {
    title: 'An append takes',
    unit: 'ms',
    lines: [
      { label: 'p50', of: 'append_p50_ms' },
      { label: 'p95', of: 'append_p95_ms' },
      { label: 'p99', of: 'append_p99_ms' },
    ],
  },
  { title: 'Appends that wait', unit: '', lines: [{ label: 'queued', of: 'queued' }] },
  { title: 'Connections', unit: '', lines: [{ label: 'MQTT', of: 'connections' }] },
];

/** Samples come every ten seconds; without one for longer nobody knows. */
const gap = 35_000;

/** What a process has said of itself, as lines. */
export function linesOf(samples: readonly Sample[], chart: SampleChart): Line[] {
  const times: number[] = [];
  const kept: (Sample | null)[] = [];
  for (const sample of samples) {
    const at = Date.parse(sample.time);
    const before = times.at(-1);
    if (before !== undefined && at - before > gap) {
      times.push((before + at) / 2);
      kept.push(null);
    }

    times.push(at);
    kept.push(sample);
  }

  return chart.lines.map(({ label, of }, place) => ({
    label,
    unit: chart.unit,
    color: place + 1,
    times,
    values: kept.map((sample) => sample?.[of] ?? null),
  }));
}

const step = 10_000;

/** Readings a second of all processes together: their samples are of the same ten seconds, if not of the same moment. */
export function ratesOf(processes: readonly Pick<Process, 'samples'>[]): Line {
  const rates = new Map<number, number>();
  for (const { time, readings_per_second } of processes.flatMap(({ samples }) => samples)) {
    const at = Math.floor(Date.parse(time) / step) * step;
    rates.set(at, (rates.get(at) ?? 0) + readings_per_second);
  }

  const times = [...rates.keys()].sort((a, b) => a - b);
  return {
    label: 'Readings a second',
    unit: '',
    color: 1,
    times,
    values: times.map((time) => rates.get(time) ?? null),
  };
}
