import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { judgePasses, type Pass } from '../../src/domain/listPasses.ts';
import { countContents, occurrenceCounter } from '../../src/domain/multiset.ts';
import { GrowingList, growingSchedule, type GrowingSchedule } from './growingList.ts';

type Counts = ReadonlyMap<string, number>;

/** What the store holds: for each content its highest occurrence; an occurrence that is there is left alone. */
function store(stored: Map<string, number>, counts: Counts): void {
  for (const [content, n] of counts) stored.set(content, Math.max(n, stored.get(content) ?? 0));
}

/** Reads as the engine does: each page's own occurrences at once, what the verdict adds at the end. */
function read(
  list: GrowingList,
  stored: Map<string, number>,
  passesMax = 4,
): 'certain' | 'uncertain' {
  const passes: Pass[] = [];
  while (passes.length < passesMax) {
    const pass = list.pass();
    passes.push(pass);
    for (const page of pass) store(stored, countContents(page));
    const verdict = judgePasses(passes);
    if (verdict.kind === 'uncertain') continue;
    store(stored, verdict.counts);
    return 'certain';
  }
  return 'uncertain';
}

function excess(stored: Counts, truth: Counts): number {
  return Math.max(0, ...[...stored].map(([content, n]) => n - (truth.get(content) ?? 0)));
}

function missing(stored: Counts, truth: Counts): number {
  return Math.max(0, ...[...truth].map(([content, n]) => n - (stored.get(content) ?? 0)));
}

/** Several reads of one list while it grows, then the one after its end. */
function follow(schedule: GrowingSchedule, reads: number) {
  const list = new GrowingList(schedule);
  const stored = new Map<string, number>();
  let worstExcess = 0;
  let brokenPromises = 0;
  for (let n = 0; n < reads; n += 1) {
    const before = countContents(list.rows);
    const verdict = read(list, stored);
    worstExcess = Math.max(worstExcess, excess(stored, countContents(list.rows)));
    if (verdict === 'certain' && missing(stored, before) > 0) brokenPromises += 1;
  }
  return { list, stored, worstExcess, brokenPromises };
}

describe('judging passes over a growing list', () => {
  it('stores every row once in the end, whatever order, growth, page sizes and twins', () => {
    fc.assert(
      fc.property(growingSchedule, (schedule) => {
        // The schedule is over after 30 turns: enough reads for it, and one more for the end.
        const { stored, list } = follow(schedule, 40);
        expect([...stored].sort()).toEqual([...countContents(list.rows)].sort());
      }),
      { numRuns: 500 },
    );
  });

  it('never stores a twin that is none, not even while the list grows', () => {
    fc.assert(
      fc.property(growingSchedule, fc.integer({ min: 1, max: 6 }), (schedule, reads) => {
        expect(follow(schedule, reads).worstExcess).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is certain only when all that was listed when reading began is stored', () => {
    fc.assert(
      fc.property(growingSchedule, fc.integer({ min: 1, max: 6 }), (schedule, reads) => {
        expect(follow(schedule, reads).brokenPromises).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('is certain after one page, or after one pass in which nothing came twice', () => {
    expect(judgePasses([[['a', 'a', 'b']]])).toEqual({ kind: 'certain', counts: new Map() });
    expect(judgePasses([[['a', 'b'], [], ['c']]])).toEqual({ kind: 'certain', counts: new Map() });
  });

  it('takes a second look at twins on both sides of a page border, and counts them when nothing has moved', () => {
    const pass = [
      ['a', 'b'],
      ['b', 'c'],
    ];
    expect(judgePasses([pass])).toEqual({ kind: 'uncertain' });
    expect(judgePasses([pass, pass])).toEqual({ kind: 'certain', counts: new Map([['b', 2]]) });
  });

  it('knows a row that was pushed over a page border for the same one', () => {
    const grown = [
      ['a', 'b'],
      ['b', 'c'],
    ];
    const later = [
      ['new', 'a'],
      ['b', 'c'],
    ];
    expect(judgePasses([grown, later])).toEqual({ kind: 'certain', counts: new Map() });
  });
});

describe('the ways that do not work', () => {
  const cases = { numRuns: 300, seed: 1, endOnFailure: true };

  it('a plain content key loses twins on the same schedules', () => {
    const loses = fc.check(
      fc.property(growingSchedule, (schedule) => {
        const list = new GrowingList(schedule);
        const keys = new Set(list.pass().flat());
        return keys.size >= list.rows.length;
      }),
      cases,
    );
    expect(loses.failed).toBe(true);
  });

  it('counting occurrences over a whole pass makes false twins on the same schedules', () => {
    const invents = fc.check(
      fc.property(growingSchedule, (schedule) => {
        const list = new GrowingList(schedule);
        const stored = countContents(list.pass().flat());
        return excess(stored, countContents(list.rows)) === 0;
      }),
      cases,
    );
    expect(invents.failed).toBe(true);
  });

  it('counting occurrences page by page alone loses twins that a page border parts', () => {
    const loses = fc.check(
      fc.property(growingSchedule, (schedule) => {
        const list = new GrowingList({ ...schedule, turns: [] });
        const stored = new Map<string, number>();
        for (const page of list.pass()) store(stored, countContents(page));
        return missing(stored, countContents(list.rows)) === 0;
      }),
      cases,
    );
    expect(loses.failed).toBe(true);
  });
});

describe('occurrences', () => {
  it('give the nth of each content in whatever order it comes', () => {
    const nth = occurrenceCounter();
    expect(['a', 'b', 'a', 'a', 'b'].map(nth)).toEqual([1, 1, 2, 3, 2]);
  });

  it('give the same keys to any order of the same rows', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', 'c')), (rows) => {
        const keys = (order: readonly string[]) => {
          const nth = occurrenceCounter();
          return order.map((content) => `${content}${nth(content)}`).sort();
        };
        expect(keys([...rows].reverse())).toEqual(keys(rows));
      }),
    );
  });
});
