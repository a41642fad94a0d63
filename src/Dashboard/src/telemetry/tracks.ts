import { shallowRef, type ShallowRef } from 'vue';
import { toFailure, type ApiFailure } from '@/failures/apiFailure';
import type { Line } from './plot';
import { fetchBuckets, fetchPoints, type Buckets } from './history';
import { lengthOf, type Range } from './range';
import { columnLength, type Resolution } from './resolution';
import { gapLength, Series, withGaps } from './series';
import type { LiveReading } from './liveStream';
import { numberIn } from './value';

/** What a chart has of one topic. */
export interface Track {
  readonly topic: string;
  /** null until it is known which field has the numbers. */
  readonly field: string | null;
  readonly unit: string;
  readonly color: number;
}

/** The most topics of one chart: as many as there are colours that can be told apart. */
export const mostTracks = 8;

/** The tracks of a chart with their points: fetched for a range, gone on with live readings, drawn as lines. */
export class Tracks {
  readonly lines: ShallowRef<readonly Line[]> = shallowRef([]);
  readonly failure: ShallowRef<ApiFailure | null> = shallowRef(null);
  readonly isLoading: ShallowRef<boolean> = shallowRef(false);
  /** How many numbers the range has, not all of which are points. */
  readonly readings: ShallowRef<number> = shallowRef(0);

  #tracks: readonly Track[] = [];
  /** Those that are asked for, which come live before the answer is here. */
  #asked: readonly Track[] = [];
  #series = new Map<string, Series>();
  #buckets = new Map<string, Buckets>();
  #question: AbortController | null = null;

  /** What a stream may go on from: all topics of which points have come. */
  get seqs(): [topic: string, seq: number][] {
    return this.#tracks.map(({ topic }) => [topic, this.#series.get(topic)?.lastSeq ?? 0]);
  }

  /** Asks for the range of all tracks. What is drawn stays until the answer is here. False when another question came first. */
  async load(tracks: readonly Track[], range: Range, columns: number, resolution: Resolution): Promise<boolean> {
    this.#question?.abort();
    const question = new AbortController();
    this.#question = question;
    this.isLoading.value = true;
    const series = new Map(tracks.map(({ topic }) => [topic, this.#series.get(topic) ?? new Series()]));
    series.forEach((one) => one.expect());
    this.#series = series;
    this.#asked = tracks;
    try {
      const answers = await Promise.all(
        tracks.map(async ({ topic, field }) => ({
          topic,
          points: resolution === 'points' ? await fetchPoints(topic, range, columns, field, question.signal) : null,
          buckets:
            resolution === 'points' ? null : await fetchBuckets(topic, range, resolution, field, question.signal),
        })),
      );
      if (question.signal.aborted) {
        return false;
      }

      this.#tracks = tracks;
      this.#buckets = new Map();
      this.readings.value = 0;
      for (const { topic, points, buckets } of answers) {
        if (points) {
          series.get(topic)?.replace(points.points, points.lastSeq);
          this.readings.value += points.readings;
        } else if (buckets) {
          this.#buckets.set(topic, buckets);
          series.get(topic)?.replace([], buckets.lastSeq);
          this.readings.value += buckets.readings;
        }
      }

      this.failure.value = null;
      this.isLoading.value = false;
      this.draw(range, columns);
      return true;
    } catch (e) {
      if (!question.signal.aborted) {
        this.failure.value = toFailure(e);
        this.isLoading.value = false;
      }

      return false;
    }
  }

  take(reading: LiveReading): boolean {
    const track = this.#asked.find(({ topic }) => topic === reading.topic);
    const series = this.#series.get(reading.topic);
    if (!track || !series) {
      return false;
    }

    const value = numberIn(reading.value, track.field);
    if (value === null) {
      series.pass(reading.seq);
      return false;
    }

    return series.add({ at: Date.parse(reading.date), value, seq: reading.seq });
  }

  /** Makes the lines of a range that has moved on, or of points that have come. */
  draw(range: Range, columns: number): void {
    const column = columnLength(range, columns);
    this.lines.value = this.#tracks.map((track): Line => {
      const look = { label: labelOf(track), unit: track.unit, color: track.color };
      const buckets = this.#buckets.get(track.topic);
      if (buckets) {
        return { ...look, times: buckets.times, values: buckets.averages, band: buckets };
      }

      const series = this.#series.get(track.topic);
      if (!series) {
        return { ...look, times: [], values: [] };
      }

      const [times, values] = withGaps(series.times, series.values, gapLength(series.times, column));
      return { ...look, times, values };
    });
  }

  /** Forgets what has left a moving range. */
  fit(range: Range, columns: number): void {
    const length = columnLength(range, columns);
    this.#series.forEach((series) =>
      series.fit({ start: range.start - lengthOf(range) * 0.02, end: range.end }, length),
    );
  }

  close(): void {
    this.#question?.abort();
  }
}

export const labelOf = ({ topic, field }: { topic: string; field: string | null }): string =>
  field === null ? topic : `${topic} · ${field}`;
