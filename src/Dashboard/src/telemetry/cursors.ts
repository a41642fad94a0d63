/**
 * How far a stream of several topics has come: the number of the last reading of each. The API has them as one text, in the
 * order in which the topics were asked for, which is the id of each event, and what `after` and `Last-Event-ID` take.
 */
export class Cursors {
  readonly #seqs = new Map<string, number>();

  constructor(seqs: Iterable<readonly [topic: string, seq: number]>) {
    for (const [topic, seq] of seqs) {
      this.#seqs.set(topic, seq);
    }
  }

  get topics(): string[] {
    return [...this.#seqs.keys()];
  }

  of(topic: string): number | undefined {
    return this.#seqs.get(topic);
  }

  /** False when the reading was here before: the stream went back further than it had to. */
  advance(topic: string, seq: number): boolean {
    const before = this.#seqs.get(topic);
    if (before === undefined || seq <= before) {
      return false;
    }

    this.#seqs.set(topic, seq);
    return true;
  }

  /** Takes over where the server says that it begins: further back than known, where a backup was restored. */
  adopt(text: string): void {
    const seqs = text.split(',').map(Number);
    if (seqs.length === this.#seqs.size && seqs.every((seq) => Number.isSafeInteger(seq) && seq >= 0)) {
      this.topics.forEach((topic, place) => this.#seqs.set(topic, seqs[place] as number));
    }
  }

  toString(): string {
    return [...this.#seqs.values()].join(',');
  }
}
