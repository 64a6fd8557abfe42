import fc from 'fast-check';

/** What happens to the list before a page is answered. */
export interface Growth {
  /** New rows: which content, and where each comes in (0..1 of the list's length). */
  readonly rows: readonly { readonly content: number; readonly at: number }[];
  /** The server answers at most so many rows; 0 is an empty page with a token. */
  readonly cap: number;
}

export interface GrowingSchedule {
  readonly initial: readonly number[];
  /** How new rows come in: at the head, at the tail, or where `at` says. */
  readonly order: 'newest-first' | 'oldest-first' | 'anywhere';
  readonly pageSize: number;
  readonly turns: readonly Growth[];
}

const quiet: Growth = { rows: [], cap: 1_000 };

/** A list of contents, twins among them, that grows between requests and is served by position. Afterwards it stands still. */
export class GrowingList {
  readonly #schedule: GrowingSchedule;
  readonly #rows: string[];
  #turn = 0;

  constructor(schedule: GrowingSchedule) {
    this.#schedule = schedule;
    this.#rows = schedule.initial.map(String);
  }

  /** The rows as they stand now, a copy. */
  get rows(): readonly string[] {
    return [...this.#rows];
  }

  page(position: number): { readonly contents: readonly string[]; readonly next: number | null } {
    const turn = this.#schedule.turns[this.#turn++] ?? quiet;
    if (this.#turn > 1) this.#grow(turn);
    const rows = Math.min(this.#schedule.pageSize, turn.cap);
    const contents = this.#rows.slice(position, position + rows);
    const end = position + contents.length;
    return { contents, next: end < this.#rows.length ? end : null };
  }

  /** A pass over the whole list: the contents of its pages. */
  pass(): readonly (readonly string[])[] {
    const pages: (readonly string[])[] = [];
    for (let position: number | null = 0; position !== null;) {
      const page = this.page(position);
      pages.push(page.contents);
      position = page.next;
    }
    return pages;
  }

  #grow({ rows }: Growth): void {
    for (const { content, at } of rows) {
      const length = this.#rows.length;
      const places = {
        'newest-first': 0,
        'oldest-first': length,
        anywhere: Math.floor(at * (length + 1)),
      };
      this.#rows.splice(places[this.#schedule.order], 0, String(content));
    }
  }
}

/** Few contents, so that twins are normal. */
const content = fc.integer({ min: 0, max: 12 });

const turn = fc.record({
  rows: fc.array(fc.record({ content, at: fc.double({ min: 0, max: 0.999, noNaN: true }) }), {
    maxLength: 5,
  }),
  cap: fc.oneof(fc.constant(1_000), fc.integer({ min: 0, max: 3 })),
});

export const growingSchedule: fc.Arbitrary<GrowingSchedule> = fc.record({
  initial: fc.array(content, { maxLength: 40 }),
  order: fc.constantFrom('newest-first', 'oldest-first', 'anywhere'),
  pageSize: fc.integer({ min: 1, max: 12 }),
  turns: fc.array(turn, { maxLength: 30 }),
});
