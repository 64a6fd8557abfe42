import fc from 'fast-check';
import type { OffsetAnswer, OffsetRequest } from '../../src/domain/offsetWalk.ts';

/** What happens to the list before an answer, and what the server does to the answer. */
export interface Turn {
  readonly inserts: readonly number[];
  readonly deletes: readonly number[];
  readonly expire: number;
  readonly cap: number;
  readonly fault: 'none' | 'empty' | 'short' | 'repeat';
  readonly totalLie: number | null | undefined;
}

export interface Schedule {
  readonly initial: number;
  /** Every so many rows one has no key (it cannot be stored, it only stands in the list); 0: none. */
  readonly namelessEvery: number;
  readonly turns: readonly Turn[];
}

const quiet: Turn = { inserts: [], deletes: [], expire: 0, cap: 1_000, fault: 'none', totalLie: 0 };

/**
 * A list that changes only between requests, served by offset and size. Rows keep their relative order, as the walk assumes.
 * After the schedule's turns the list stands still, so that every walk can end.
 */
export class MovingList {
  readonly #rows: string[];
  readonly #namelessEvery: number;
  readonly #throughout: Set<string>;
  readonly #turns: readonly Turn[];
  #turn = 0;
  #created = 0;
  #lastKeys: readonly (string | null)[] = [];

  constructor(schedule: Schedule) {
    this.#namelessEvery = schedule.namelessEvery;
    this.#rows = Array.from({ length: schedule.initial }, () => this.#newRow());
    this.#throughout = new Set(this.#rows.filter((row) => !this.#isNameless(row)));
    this.#turns = schedule.turns;
  }

  /** The rows that have been in the list all the time. */
  get throughout(): ReadonlySet<string> {
    return this.#throughout;
  }

  /** The cap that the next answer will have. */
  nextCap(): number {
    return (this.#turns[this.#turn] ?? quiet).cap;
  }

  answer(request: OffsetRequest): OffsetAnswer {
    const turn = this.#turns[this.#turn++] ?? quiet;
    if (this.#turn > 1) this.#move(turn);
    const rows = Math.min(request.size, turn.cap);
    const honest = this.#rows
      .slice(request.offset, request.offset + rows)
      .map((row) => (this.#isNameless(row) ? null : row));
    const keys = this.#faulty(honest, turn);
    this.#lastKeys = keys;
    const lie = turn.totalLie;
    return { keys, total: lie === null ? null : Math.max(0, this.#rows.length + (lie ?? 0)) };
  }

  #faulty(honest: OffsetAnswer['keys'], turn: Turn): OffsetAnswer['keys'] {
    switch (turn.fault) {
      case 'empty':
        return [];
      case 'short':
        return honest.slice(0, Math.ceil(honest.length / 2));
      case 'repeat':
        return this.#lastKeys;
      case 'none':
        return honest;
    }
  }

  #move(turn: Turn): void {
    for (const at of turn.inserts) {
      this.#rows.splice(Math.floor(at * (this.#rows.length + 1)), 0, this.#newRow());
    }
    for (const at of turn.deletes) this.#remove(Math.floor(at * this.#rows.length));
    for (let i = 0; i < turn.expire; i++) this.#remove(this.#rows.length - 1);
  }

  #remove(index: number): void {
    const [gone] = this.#rows.splice(index, 1);
    if (gone !== undefined) this.#throughout.delete(gone);
  }

  #isNameless(row: string): boolean {
    return this.#namelessEvery > 0 && Number(row.slice('job-'.length)) % this.#namelessEvery === 0;
  }

  #newRow(): string {
    return `job-${this.#created++}`;
  }
}

const place = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.double({ min: 0, max: 0.999, noNaN: true }) },
);

function turn(faults: fc.Arbitrary<Turn['fault']>, lie: fc.Arbitrary<Turn['totalLie']>) {
  return fc.record({
    inserts: fc.array(place, { maxLength: 12 }),
    deletes: fc.array(place, { maxLength: 6 }),
    expire: fc.integer({ min: 0, max: 3 }),
    cap: fc.oneof(fc.constant(1_000), fc.integer({ min: 1, max: 8 })),
    fault: faults,
    totalLie: lie,
  });
}

function scheduleOf(turns: fc.Arbitrary<Turn>): fc.Arbitrary<Schedule> {
  return fc.record({
    initial: fc.integer({ min: 0, max: 120 }),
    namelessEvery: fc.constantFrom(0, 0, 0, 3, 7, 20),
    turns: fc.array(turns, { maxLength: 40 }),
  });
}

const none = fc.constant('none' as const);
const truth = fc.constant(0);

/** Inserts, deletes, expiry and page caps only: what every list does. */
export const movingSchedule = scheduleOf(turn(none, truth));

/** The same, and answers that are empty, short, or the page before once more. The total is right. */
export const faultySchedule = scheduleOf(
  turn(fc.constantFrom('none', 'none', 'none', 'empty', 'short', 'repeat'), truth),
);

/** The same as movingSchedule, and totals that are wrong, each in its own way, or missing. */
export const lyingSchedule = scheduleOf(
  turn(none, fc.oneof(truth, fc.constant(null), fc.integer({ min: -150, max: 150 }))),
);

/** A total that is wrong by the same number all the time, in a list that moves. */
export const constantLieSchedule = fc
  .tuple(movingSchedule, fc.integer({ min: -60, max: 60 }))
  .map(([schedule, totalLie]) => ({
    ...schedule,
    turns: Array.from({ length: 400 }, (_, i) => ({ ...(schedule.turns[i] ?? quiet), totalLie })),
  }));
