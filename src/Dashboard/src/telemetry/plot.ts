import uPlot from 'uplot';
import { scalesOf, type UnitScale } from './axes';
import { numberText } from './numberText';
import { lengthOf, panned, proper, zoomed, type Range } from './range';
import { markTexts } from './timeAxis';

/** A line of a chart, with the least and the greatest around it where it is one of averages. */
export interface Line {
  readonly label: string;
  readonly unit: string;
  /** From 1, which of the colours of the style sheet. */
  readonly color: number;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly band?: { readonly least: readonly (number | null)[]; readonly greatest: readonly (number | null)[] };
}

export interface PlotListener {
  /** The viewer wants to see another range; `settled` when the hand is off, which is when to fetch. */
  onRange(range: Range, settled: boolean): void;
  /** The viewer wants back out. */
  onOut(): void;
  /** Points at a time, or at none. */
  onPoint(time: number | null): void;
}

/** Room above and below the line. */
const padding = 0.08;

/** A canvas with lines: uPlot, with our colours, our axes, and hands, keys and fingers that move the range. */
export class Plot {
  readonly #root: HTMLElement;
  readonly #listener: PlotListener | null;
  readonly #compact: boolean;
  #chart: uPlot | null = null;
  #lines: readonly Line[] = [];
  #range: Range;
  #settling: ReturnType<typeof setTimeout> | undefined;
  #frame = 0;

  /** @param listener null for a chart that is only looked at. */
  constructor(root: HTMLElement, range: Range, compact: boolean, listener: PlotListener | null) {
    this.#root = root;
    this.#range = range;
    this.#compact = compact;
    this.#listener = listener;
  }

  /** How wide the plot is, without its axes, in pixels of the page. */
  get width(): number {
    return this.#chart ? this.#chart.over.clientWidth : this.#root.clientWidth;
  }

  get fullWidth(): number {
    return this.#root.clientWidth;
  }

  get range(): Range {
    return this.#range;
  }

  /** Draws these lines over this range, or over the one that somebody is moving to. Cheap where only data have changed. */
  show(lines: readonly Line[], range: Range): void {
    const alike =
      this.#chart !== null &&
      lines.length === this.#lines.length &&
      lines.every((line, i) => {
        const before = this.#lines[i];
        return (
          line.label === before?.label &&
          line.unit === before.unit &&
          line.color === before.color &&
          !line.band === !before.band
        );
      });
    this.#lines = lines;
    if (this.#settling === undefined) {
      this.#range = range;
    }

    if (!alike || !this.#chart) {
      this.rebuild();
      return;
    }

    const chart = this.#chart;
    chart.batch(() => {
      chart.setData(dataOf(lines), false);
      chart.setScale('x', { min: this.#range.start, max: this.#range.end });
    });
  }

  /** Makes it anew, as when the colours have changed. */
  rebuild(): void {
    this.#chart?.destroy();
    this.#chart = new uPlot(this.#options(), dataOf(this.#lines), this.#root);
    this.#chart.setScale('x', { min: this.#range.start, max: this.#range.end });
    if (this.#listener) {
      this.#followHand(this.#chart.over);
    }
  }

  resize(): void {
    const { clientWidth: width, clientHeight: height } = this.#root;
    if (this.#chart && width > 0 && (width !== this.#chart.width || height !== this.#chart.height)) {
      const axes = 1 + this.#scales.filter(({ hasAxis }) => hasAxis).length;
      if (axes !== this.#chart.axes.length) {
        this.rebuild();
      } else {
        this.#chart.setSize({ width, height });
      }
    }
  }

  /** Moves the range at once, with the data that are there; the listener hears when it has settled. */
  move(range: Range): void {
    this.#range = range;
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.#chart?.setScale('x', { min: range.start, max: range.end });
      this.#listener?.onRange(range, false);
    });
    clearTimeout(this.#settling);
    this.#settling = setTimeout(() => {
      this.#settling = undefined;
      this.#listener?.onRange(this.#range, true);
    }, 180);
  }

  /** Points at a time, as somebody does who has no mouse. */
  pointAt(time: number | null): void {
    const chart = this.#chart;
    if (chart) {
      const left = time === null ? -10 : chart.valToPos(time, 'x');
      chart.setCursor({ left, top: time === null ? -10 : chart.over.clientHeight / 2 });
    }
  }

  destroy(): void {
    clearTimeout(this.#settling);
    cancelAnimationFrame(this.#frame);
    this.#chart?.destroy();
    this.#chart = null;
  }

  #options(): uPlot.Options {
    const color = colorsOf(this.#root);
    const ink = color('--ink-soft');
    const grid = { stroke: color('--line'), width: 1 };
    const font = `${this.#compact ? 11 : 12}px ${getComputedStyle(this.#root).fontFamily}`;
    const scales = this.#scales;
    const scaleOf = (line: Line) => scales.find(({ unit }) => unit === line.unit)?.scale ?? '';
    const valueAxis = ({ scale, side, unit }: UnitScale): uPlot.Axis => ({
      scale,
      side: side === 'left' ? 3 : 1,
      stroke: this.#inkOf(unit, color) ?? ink,
      font,
      grid: side === 'left' ? grid : { show: false },
      ticks: { show: false },
      gap: 6,
      space: this.#compact ? 24 : 44,
      size: (chart, texts) => widthOf(chart, texts ?? [], font) + 12,
      values: (_, splits) =>
        splits.map((value) => numberText(value) + (unit && splits.at(-1) === value ? ` ${unit}` : '')),
    });
    return {
      width: Math.max(this.#root.clientWidth, 60),
      height: Math.max(this.#root.clientHeight, 60),
      ms: 1,
      padding: [this.#compact ? 8 : 12, scales.length > 1 ? 0 : this.#compact ? 16 : 28, 0, 0],
      legend: { show: false },
      cursor: {
        show: this.#listener !== null,
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        points: { size: 8 },
        bind: { dblclick: () => () => this.#out() },
      },
      scales: {
        x: { time: true, auto: false, range: () => [this.#range.start, this.#range.end] },
        ...Object.fromEntries(scales.map(({ scale }) => [scale, { range: withRoom }])),
      },
      axes: [
        {
          stroke: ink,
          font,
          grid: { show: false },
          ticks: { stroke: color('--line'), width: 1, size: 5 },
          size: this.#compact ? 26 : 44,
          space: this.#compact ? 64 : 74,
          values: (_, splits, __, ___, distance) =>
            this.#compact
              ? markTexts(splits, distance).map((text) => text.replace(/^.*\n/, ''))
              : markTexts(splits, distance),
        },
        ...scales.filter(({ hasAxis }) => hasAxis).map(valueAxis),
      ],
      series: [{}, ...this.#lines.flatMap((line) => seriesOf(line, scaleOf(line), color))],
      bands: bandsOf(this.#lines, color),
      hooks: {
        setSelect: [(chart) => this.#zoomTo(chart)],
        setCursor: [
          (chart) => {
            const { left } = chart.cursor;
            this.#listener?.onPoint(left === undefined || left < 0 ? null : chart.posToVal(left, 'x'));
          },
        ],
      },
    };
  }

  get #scales(): UnitScale[] {
    const units = this.#lines.map((line) => line.unit);
    return scalesOf(units.length > 0 ? units : [''], this.fullWidth);
  }

  /** Among several axes, one that is of a single line has its colour. */
  #inkOf(unit: string, color: (name: string) => string): string | null {
    const own = this.#lines.filter((line) => line.unit === unit);
    return own.length === 1 && own.length < this.#lines.length ? color(`--series-${own[0]?.color}`) : null;
  }

  #zoomTo(chart: uPlot): void {
    const { left, width } = chart.select;
    if (width > 0) {
      const range = proper({ start: chart.posToVal(left, 'x'), end: chart.posToVal(left + width, 'x') });
      chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
      this.move(range);
    }
  }

  #out(): null {
    this.#listener?.onOut();
    return null;
  }

  /** Fingers pan and pinch; the wheel zooms with Ctrl, as everywhere, and pans sideways; a mouse pans with Shift. */
  #followHand(over: HTMLElement): void {
    const fingers = new Map<number, number>();
    const timeAt = (range: Range, x: number) => range.start + (x / over.clientWidth) * lengthOf(range);

    over.addEventListener(
      'wheel',
      (event) => {
        const part = event.deltaX / over.clientWidth;
        if (event.ctrlKey || event.metaKey) {
          event.preventDefault();
          const factor = Math.exp(event.deltaY * 0.002);
          this.move(zoomed(this.#range, factor, timeAt(this.#range, event.offsetX)));
        } else if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
          event.preventDefault();
          this.move(panned(this.#range, part));
        }
      },
      { passive: false },
    );

    over.addEventListener(
      'mousedown',
      (event) => {
        if (event.shiftKey) {
          event.stopImmediatePropagation();
          this.#panWith(over, event.clientX);
        }
      },
      { capture: true },
    );

    over.addEventListener('pointerdown', (event) => {
      if (event.pointerType === 'touch') {
        fingers.set(event.pointerId, event.offsetX);
        over.setPointerCapture(event.pointerId);
      }
    });
    over.addEventListener('pointermove', (event) => {
      const before = fingers.get(event.pointerId);
      if (before === undefined) {
        return;
      }

      const others = [...fingers.entries()].filter(([id]) => id !== event.pointerId);
      const other = others[0]?.[1];
      fingers.set(event.pointerId, event.offsetX);
      if (other === undefined) {
        this.move(panned(this.#range, (before - event.offsetX) / over.clientWidth));
      } else {
        const factor = Math.abs(before - other) / Math.max(Math.abs(event.offsetX - other), 8);
        this.move(zoomed(this.#range, factor, timeAt(this.#range, other)));
      }
    });
    for (const end of ['pointerup', 'pointercancel'] as const) {
      over.addEventListener(end, (event) => fingers.delete(event.pointerId));
    }
  }

  #panWith(over: HTMLElement, from: number): void {
    const { start, end } = this.#range;
    const drag = (event: MouseEvent) => {
      const by = ((from - event.clientX) / over.clientWidth) * (end - start);
      this.move({ start: Math.round(start + by), end: Math.round(end + by) });
    };
    const drop = () => {
      removeEventListener('mousemove', drag);
      removeEventListener('mouseup', drop);
    };
    addEventListener('mousemove', drag);
    addEventListener('mouseup', drop);
  }
}

/** One table with a column a line. Lines of different times are joined; where one has no point there, it has no hole either. */
function dataOf(lines: readonly Line[]): uPlot.AlignedData {
  const tables = lines.map((line): uPlot.AlignedData => {
    const columns = line.band ? [line.values, line.band.greatest, line.band.least] : [line.values];
    return [line.times as number[], ...(columns as (number | null)[][])];
  });
  const [first] = tables;
  return first === undefined ? [[]] : tables.length === 1 ? first : uPlot.join(tables);
}

function seriesOf(line: Line, scale: string, color: (name: string) => string): uPlot.Series[] {
  const stroke = color(`--series-${line.color}`);
  const drawn: uPlot.Series = { label: line.label, scale, stroke, width: 1.5, points: { size: 5 }, spanGaps: false };
  const edge: uPlot.Series = { scale, width: 0, stroke: 'transparent', points: { show: false } };
  return line.band ? [drawn, edge, edge] : [drawn];
}

function bandsOf(lines: readonly Line[], color: (name: string) => string): uPlot.Band[] {
  const bands: uPlot.Band[] = [];
  let place = 1;
  for (const line of lines) {
    if (line.band) {
      bands.push({ series: [place + 1, place + 2], fill: translucent(color(`--series-${line.color}`)) });
    }

    place += line.band ? 3 : 1;
  }

  return bands;
}

function withRoom(_: uPlot, min: number | null, max: number | null): uPlot.Range.MinMax {
  if (min === null || max === null) {
    return [0, 1];
  }

  const room = max > min ? (max - min) * padding : Math.max(Math.abs(max) * padding, 0.5);
  return [min >= 0 ? Math.max(min - room, 0) : min - room, max + room]; // what is never negative has no such scale
}

/** What the style sheet's colours come to, light or dark, as a canvas takes them. */
function colorsOf(element: HTMLElement): (name: string) => string {
  const probe = document.createElement('span');
  element.append(probe);
  const colors = new Map<string, string>();
  const resolve = (name: string) => {
    probe.style.color = `var(${name})`;
    element.append(probe);
    const color = getComputedStyle(probe).color;
    probe.remove();
    return color;
  };
  probe.remove();
  return (name) => {
    const known = colors.get(name) ?? resolve(name);
    colors.set(name, known);
    return known;
  };
}

const translucent = (color: string): string =>
  color.replace(/^rgb\((.*)\)$/, (_, parts: string) => `rgba(${parts}, 0.16)`);

function widthOf(chart: uPlot, texts: readonly string[], font: string): number {
  chart.ctx.save();
  chart.ctx.font = font;
  const widest = Math.max(0, ...texts.map((text) => chart.ctx.measureText(text).width));
  chart.ctx.restore();
  return Math.ceil(widest);
}
