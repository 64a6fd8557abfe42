import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  nextOffsetRequest,
  offsetWalkStart,
  receiveOffsetAnswer,
  type IncompleteReason,
  type OffsetAnswer,
  type OffsetRequest,
} from '../../src/domain/offsetWalk.ts';
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
  readonly requests: number;
  readonly restarts: number;
}

type Server = (request: OffsetRequest) => OffsetAnswer;

function walk(server: Server, size: number): Walked {
  const stored = new Set<string>();
  let state = offsetWalkStart;
  for (let requests = 1; requests < 50_000; requests++) {
    const request = nextOffsetRequest(state, size);
    const answer = server(request);
    // What survives between two answers is what a checkpoint holds: JSON.
    const step = receiveOffsetAnswer(
      JSON.parse(JSON.stringify(state)) as typeof state,
      request,
      answer,
    );
    for (const index of step.store) stored.add(String(answer.keys[index]));
    state = step.state;
    if (step.kind === 'end') {
      return { stored, incomplete: step.incomplete, requests, restarts: state.restarts };
    }
  }
  throw new Error('the walk did not end');
}

/** The loop every measured paginator uses: offset += size until a short page. */
function naiveWalk(server: Server, size: number): ReadonlySet<string> {
  const stored = new Set<string>();
  for (let offset = 0; ; offset += size) {
    const { keys } = server({ offset, size });
    for (const key of keys) stored.add(String(key));
    if (keys.length < size) return stored;
  }
}

function missing(list: MovingList, stored: ReadonlySet<string>): readonly string[] {
  return [...list.throughout].filter((key) => !stored.has(key));
}

function losesNothingOrSaysSo(schedule: Schedule, size: number): void {
  const list = new MovingList(schedule);
  const { stored, incomplete } = walk((request) => list.answer(request), size);
  if (incomplete === null) expect(missing(list, stored)).toEqual([]);
}

const still = (initial: number): Schedule => ({ initial, namelessEvery: 0, turns: [] });
const size = fc.integer({ min: 2, max: 12 });
const runs = { numRuns: 3_000 };

describe('offset walk', () => {
  it('stores every entry listed throughout, or says it is incomplete, while the list moves and pages are capped', () => {
    fc.assert(fc.property(movingSchedule, size, losesNothingOrSaysSo), runs);
  });

  it('stores every entry listed throughout, or says it is incomplete, with empty, short and repeated pages', () => {
    fc.assert(fc.property(faultySchedule, size, losesNothingOrSaysSo), runs);
  });

  it('stores every entry listed throughout, or says it is incomplete, under totals that lie at random', () => {
    fc.assert(fc.property(lyingSchedule, size, losesNothingOrSaysSo), runs);
  });

  it('stores every entry listed throughout, or says it is incomplete, under a total that always lies by the same number', () => {
    fc.assert(fc.property(constantLieSchedule, size, losesNothingOrSaysSo), runs);
  });

  it('has a twin that must fail: a naive offset loop loses rows on the same schedules', () => {
    const losing = fc.check(
      fc.property(movingSchedule, size, (schedule, pageSize) => {
        const list = new MovingList(schedule);
        const stored = naiveWalk((request) => list.answer(request), pageSize);
        return missing(list, stored).length === 0;
      }),
      runs,
    );
    expect(losing.failed).toBe(true);
  });

  it('proves most moving lists complete: it does not buy safety by giving up', () => {
    const outcomes = fc
      .sample(fc.tuple(movingSchedule, size), { numRuns: 1_000, seed: 7 })
      .map(([schedule, pageSize]) => {
        const list = new MovingList(schedule);
        return walk((request) => list.answer(request), pageSize).incomplete;
      });
    expect(outcomes.filter((reason) => reason === null).length).toBeGreaterThan(850);
  });

  it('reads a list that stands still in one request a page plus the overlap and two confirmations', () => {
    const list = new MovingList(still(1_000));
    const walked = walk((request) => list.answer(request), 100);
    expect(walked).toMatchObject({ incomplete: null, requests: 13, restarts: 0 });
    expect(walked.stored.size).toBe(1_000);
  });

  it('asks twice before it believes that a list is empty', () => {
    const list = new MovingList(still(0));
    expect(walk((request) => list.answer(request), 100)).toMatchObject({
      incomplete: null,
      requests: 2,
    });
  });

  it.each<[IncompleteReason, Server]>([
    ['total_missing', (r) => ({ keys: rows(r, 50), total: null })],
    ['total_contradicts_rows', (r) => ({ keys: rows(r, 50), total: 20 })],
    ['page_cap_one', (r) => ({ keys: rows({ ...r, size: 1 }, 50), total: 50 })],
    ['total_not_reached', (r) => ({ keys: rows(r, 50), total: 500 })],
    ['empty_pages', (r) => ({ keys: r.offset > 20 ? [] : rows(r, 50), total: 50 })],
    ['repeated_page', () => ({ keys: rows({ offset: 0, size: 10 }, 50), total: 50 })],
    ['no_progress', endlessInserts()],
    ['list_moved', alwaysOtherRows()],
  ])('ends with the reason %s when the server leaves no proof', (reason, server) => {
    expect(walk(server, 10).incomplete).toBe(reason);
  });

  it('stores all rows it can reach of a server that gives one row a page, and says it has no proof', () => {
    const walked = walk((r) => ({ keys: rows({ ...r, size: 1 }, 50), total: 50 }), 10);
    expect(walked.stored.size).toBe(50);
  });
});

function rows({ offset, size: count }: OffsetRequest, listed: number): readonly string[] {
  const wanted = Math.max(0, Math.min(count, listed - offset));
  return Array.from({ length: wanted }, (_, i) => `job-${offset + i}`);
}

/** A list that gains rows at its head as fast as it is read. */
function endlessInserts(): Server {
  let inserted = 0;
  return (request) => {
    inserted += inserted % 3 === 0 ? 10 : 8;
    const keys = Array.from({ length: 10 }, (_, i) => `job-${request.offset + i - inserted}`);
    return { keys, total: 50 + inserted };
  };
}

function alwaysOtherRows(): Server {
  let answers = 0;
  return (request) => {
    answers += 1;
    return { keys: rows(request, 50).map((key) => `${answers}-${key}`), total: 50 };
  };
}
