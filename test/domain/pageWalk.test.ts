import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { IncompleteReason } from '../../src/domain/offsetWalk.ts';
import {
  nextPageRequest,
  pageWalkStart,
  receivePageAnswer,
  type PageAnswer,
  type PageRequest,
} from '../../src/domain/pageWalk.ts';
import {
  MovingList,
  constantLieSchedule,
  faultySchedule,
  lyingSchedule,
  movingSchedule,
  type Schedule,
} from './movingList.ts';

interface Walked {
  readonly stored: ReadonlySet<string>;
  readonly incomplete: IncompleteReason | null;
  readonly requests: readonly PageRequest[];
}

type Server = (page: PageRequest) => PageAnswer;

function walk(server: Server, size: number): Walked {
  const stored = new Set<string>();
  const requests: PageRequest[] = [];
  let state = pageWalkStart(size);
  while (requests.length < 50_000) {
    const ask = nextPageRequest(state, size);
    requests.push(ask.page);
    const answer = server(ask.page);
    // What survives between two answers is what a checkpoint holds: JSON.
    const kept = JSON.parse(JSON.stringify(state)) as typeof state;
    const step = receivePageAnswer(kept, ask, answer);
    for (const index of step.store) stored.add(String(answer.keys[index]));
    state = step.state;
    if (step.kind === 'end') return { stored, incomplete: step.incomplete, requests };
  }
  throw new Error('the walk did not end');
}

/** The loop that everybody writes: page after page until a short one. */
function naiveWalk(server: Server, pageSize: number): ReadonlySet<string> {
  const stored = new Set<string>();
  for (let pageNumber = 1; ; pageNumber++) {
    const { keys } = server({ pageNumber, pageSize });
    for (const key of keys) stored.add(String(key));
    if (keys.length < pageSize) return stored;
  }
}

/** What a server that caps pages says of their size. */
type Told = 'given' | 'asked' | 'nothing';

/** Serves pages of the list; a cap makes them smaller, and so moves every page but the first. */
function pagesOf(list: MovingList, told: Told): Server {
  return ({ pageNumber, pageSize }) => {
    const cap = list.nextCap();
    const given = Math.min(pageSize, cap);
    const answer = list.answer({ offset: (pageNumber - 1) * given, size: given });
    if (told === 'nothing') return { ...answer, pageNumber: null, pageSize: null };
    return { ...answer, pageNumber, pageSize: told === 'given' ? given : pageSize };
  };
}

function missing(list: MovingList, stored: ReadonlySet<string>): readonly string[] {
  return [...list.throughout].filter((key) => !stored.has(key));
}

const still = (initial: number): Schedule => ({ initial, namelessEvery: 0, turns: [] });
const size = fc.integer({ min: 2, max: 30 });
const runs = { numRuns: 800 };

describe.each<Told>(['given', 'asked', 'nothing'])(
  'page walk of a server that tells of its cap: %s',
  (told) => {
    function losesNothingOrSaysSo(schedule: Schedule, pageSize: number): void {
      const list = new MovingList(schedule);
      const { stored, incomplete } = walk(pagesOf(list, told), pageSize);
      if (incomplete === null) expect(missing(list, stored)).toEqual([]);
    }

    it.each([
      ['the list moves and pages are capped', movingSchedule],
      ['pages are empty, short and repeated', faultySchedule],
      ['totals lie at random', lyingSchedule],
      ['the total always lies by the same number', constantLieSchedule],
    ])(
      'stores every entry listed throughout, or says it is incomplete, while %s',
      (_, schedule) => {
        fc.assert(fc.property(schedule, size, losesNothingOrSaysSo), runs);
      },
    );

    it('proves most lists that move without caps: it does not buy safety by giving up', () => {
      const outcomes = fc
        .sample(fc.tuple(movingSchedule, size), { numRuns: 1_000, seed: 7 })
        .map(([schedule]) => {
          const turns = schedule.turns.map((turn) => ({ ...turn, cap: 1_000 }));
          const list = new MovingList({ ...schedule, turns });
          return walk(pagesOf(list, told), 100).incomplete;
        });
      expect(outcomes.filter((reason) => reason === null).length).toBeGreaterThan(900);
    });
  },
);

describe('page walk', () => {
  it('has a twin that must fail: page after page loses rows on the same schedules', () => {
    const losing = fc.check(
      fc.property(movingSchedule, size, (schedule, pageSize) => {
        const list = new MovingList(schedule);
        return missing(list, naiveWalk(pagesOf(list, 'given'), pageSize)).length === 0;
      }),
      runs,
    );
    expect(losing.failed).toBe(true);
  });

  it('asks only for what the API takes: pages from 1, of 1 to 100 rows', () => {
    fc.assert(
      fc.property(lyingSchedule, fc.integer({ min: 2, max: 100 }), (schedule, pageSize) => {
        const { requests } = walk(pagesOf(new MovingList(schedule), 'given'), pageSize);
        for (const page of requests) {
          expect(page.pageNumber).toBeGreaterThanOrEqual(1);
          expect(page.pageSize).toBeGreaterThanOrEqual(1);
          expect(page.pageSize).toBeLessThanOrEqual(pageSize);
        }
      }),
      { numRuns: 300 },
    );
  });

  it.each([0, 1, 2, 3, 5, 99, 100, 101, 150, 151, 199, 1_000])(
    'proves a list of %i rows that stands still complete',
    (rows) => {
      const list = new MovingList(still(rows));
      const { stored, incomplete } = walk(pagesOf(list, 'given'), 100);
      expect([incomplete, stored.size]).toEqual([null, rows]);
    },
  );

  it('reads a short list in four requests, and a long one in little more than its pages', () => {
    const requestsFor = (rows: number): number =>
      walk(pagesOf(new MovingList(still(rows)), 'given'), 100).requests.length;
    expect(requestsFor(20)).toBe(4);
    expect(requestsFor(10_000)).toBeLessThan(125);
  });

  it('learns a cap that the server tells, and proves the list complete under it', () => {
    const turns = Array.from({ length: 400 }, () => ({
      inserts: [],
      deletes: [],
      expire: 0,
      cap: 20,
      fault: 'none' as const,
      totalLie: 0,
    }));
    const list = new MovingList({ ...still(300), turns });
    const { stored, incomplete } = walk(pagesOf(list, 'given'), 100);
    expect([incomplete, stored.size]).toEqual([null, 300]);
  });

  it('stores all rows of a server that gives one row a page, and says it has no proof', () => {
    const server: Server = ({ pageNumber }) => ({
      keys: pageNumber <= 50 ? [`job-${pageNumber}`] : [],
      total: 50,
      pageNumber,
      pageSize: 1,
    });
    const { stored, incomplete } = walk(server, 100);
    expect([stored.size, incomplete]).toEqual([50, 'page_cap_one']);
  });

  it('takes a server that answers a page behind the last one with the last one', () => {
    const server: Server = ({ pageNumber, pageSize }) => {
      const last = Math.max(1, Math.ceil(120 / pageSize));
      const given = Math.min(pageNumber, last);
      const from = (given - 1) * pageSize;
      const count = Math.min(pageSize, 120 - from);
      const keys = Array.from({ length: count }, (_, i) => `job-${from + i}`);
      return { keys, total: 120, pageNumber: given, pageSize };
    };
    const { stored, incomplete } = walk(server, 100);
    expect([stored.size, incomplete]).toEqual([120, null]);
  });

  it.each<[IncompleteReason, Server]>([
    ['page_elsewhere', (page) => ({ ...rowsOf(page, 50), pageNumber: page.pageNumber + 7 })],
    ['total_missing', (page) => ({ ...rowsOf(page, 50), total: null })],
    ['end_unproven', endlessAtTheEnd()],
  ])('ends with the reason %s when the server leaves no proof', (reason, server) => {
    expect(walk(server, 10).incomplete).toBe(reason);
  });
});

function rowsOf({ pageNumber, pageSize }: PageRequest, listed: number): PageAnswer {
  const from = (pageNumber - 1) * pageSize;
  const count = Math.max(0, Math.min(pageSize, listed - from));
  const keys = Array.from({ length: count }, (_, i) => `job-${from + i}`);
  return { keys, total: listed, pageNumber, pageSize };
}

/** All is well but for the last row, asked for alone: it is always another one. */
function endlessAtTheEnd(): Server {
  let others = 0;
  return (page) => {
    const answer = rowsOf(page, 5);
    const isLastRow = page.pageSize === 1 && page.pageNumber === 5;
    return isLastRow ? { ...answer, keys: [`other-${++others}`] } : answer;
  };
}
