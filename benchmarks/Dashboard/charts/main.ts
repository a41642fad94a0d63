// The same points in the chart of the web app (uPlot below it) and in ECharts, drawn for the first time and moved frame by frame.
import 'uplot/dist/uPlot.min.css';
import { LineChart } from 'echarts/charts';
import { GridComponent, DataZoomComponent } from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { Plot } from '../../../src/Dashboard/src/telemetry/plot';

echarts.use([LineChart, GridComponent, DataZoomComponent, CanvasRenderer]);

interface Moving {
  move(start: number, end: number): void;
}

const begin = Date.UTC(2026, 0, 1);
const step = 1_000;

function points(count: number): [number[], number[]] {
  const times = Array.from({ length: count }, (_, i) => begin + i * step);
  let value = 20;
  return [times, times.map(() => (value += Math.random() - 0.5))];
}

const makers: Record<string, (root: HTMLElement, times: number[], values: number[]) => Moving> = {
  uplot(root, times, values) {
    const line = { label: 'a', unit: '', color: 1, times, values };
    const range = { start: times[0]!, end: times.at(-1)! };
    const plot = new Plot(root, range, false, { onRange() {}, onOut() {}, onPoint() {} });
    plot.show([line], range);
    return { move: (start, end) => plot.move({ start, end }) };
  },
  echarts(root, times, values) {
    const chart = echarts.init(root);
    chart.setOption({
      animation: false,
      xAxis: { type: 'time' },
      yAxis: { type: 'value', scale: true },
      dataZoom: [{ type: 'inside', startValue: times[0], endValue: times.at(-1) }],
      series: [{ type: 'line', showSymbol: false, sampling: 'minmax', data: times.map((time, i) => [time, values[i]]) }],
    });
    return { move: (startValue, endValue) => chart.dispatchAction({ type: 'dataZoom', startValue, endValue }) };
  },
};

const frame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve));

/** Milliseconds until it is drawn, and the time of each frame while half of its points are panned over. */
async function measure(library: string, count: number, frames: number): Promise<{ first: number; frames: number[] }> {
  const root = document.querySelector<HTMLElement>('#chart')!;
  root.replaceChildren();
  const [times, values] = points(count);
  await frame();
  const start = performance.now();
  const chart = makers[library]!(root, times, values);
  await frame();
  await frame();
  const first = performance.now() - start;
  const half = (times.at(-1)! - times[0]!) / 2;
  const spent: number[] = [];
  let before = await frame();
  for (let i = 0; i < frames; i++) {
    const from = times[0]! + (half * i) / frames;
    chart.move(from, from + half);
    const now = await frame();
    spent.push(now - before);
    before = now;
  }

  return { first, frames: spent };
}

Object.assign(window, { measure });
