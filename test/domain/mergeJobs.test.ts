import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { ExistingJob } from '../../src/domain/mergeJobs.ts';
import { decideJob, mergeJobs, settlingOf } from '../../src/domain/mergeJobs.ts';

const terminal: ReadonlySet<string> = new Set(['SUCCEEDED', 'ERROR']);
const statuses = ['STARTING', 'RUNNING', 'SUCCEEDED', 'ERROR', 'PAUSED'];
const context = { terminal, settling: terminal, walkId: 'w', askedAtMs: 2_000 };

const incoming = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', 'e').map((key) => `${key} since 1`),
  jobKey: fc.constant('the name'),
  status: fc.constantFrom(...statuses),
  contentHash: fc.constantFrom('x', 'y'),
});

/** Rows as a sink holds them: settled exactly when terminal. */
const existing: fc.Arbitrary<ExistingJob> = fc
  .record({
    id: fc.constantFrom('1', '2'),
    status: fc.constantFrom(...statuses),
    contentHash: fc.constantFrom('x', 'y'),
    isVanished: fc.boolean(),
    lastSeenWalkId: fc.constantFrom('w', 'v', null),
    lastSeenAtMs: fc.constant(1_000),
  })
  .map((row) => ({ ...row, isSettled: terminal.has(row.status) }));

const page = fc.record({
  existing: fc
    .dictionary(fc.constantFrom('a since 1', 'b since 1', 'c since 1'), existing)
    .map((rows) => new Map(Object.entries(rows))),
  incoming: fc.array(incoming, { maxLength: 12 }),
});

const merge = (given: Pick<Parameters<typeof mergeJobs>[0], 'existing' | 'incoming'>) =>
  mergeJobs({ ...context, ...given });

describe('a merged page', () => {
  it('counts every job once: inserted, updated or duplicate', () => {
    fc.assert(
      fc.property(page, (given) => {
        const { inserted, updated, duplicates } = merge(given);
        expect(inserted + updated + duplicates).toBe(given.incoming.length);
        expect(duplicates).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  it('inserts exactly the keys that are not stored, each once, as its last entry', () => {
    fc.assert(
      fc.property(page, (given) => {
        const last = new Map(given.incoming.map((job) => [job.key, job]));
        const fresh = [...last.values()].filter(({ key }) => !given.existing.has(key));
        expect(merge(given).inserts.map((insert) => insert.incoming)).toEqual(fresh);
      }),
    );
  });

  it('changes no status of a terminal row, and reports the answers that would', () => {
    fc.assert(
      fc.property(page, (given) => {
        const { updates, drift } = merge(given);
        for (const update of updates) {
          const stays = update.incoming.status === update.existing.status;
          expect(update.existing.isSettled && !stays).toBe(false);
        }
        const last = new Map(given.incoming.map((job) => [job.key, job]));
        const left = [...last.values()].filter(({ key, status }) => {
          const row = given.existing.get(key);
          return row !== undefined && row.isSettled && row.status !== status;
        });
        expect(drift).toHaveLength(left.length);
      }),
    );
  });

  it('records a change for every first sight of a running job and every new status, and for nothing else', () => {
    fc.assert(
      fc.property(page, (given) => {
        const { inserts, updates, changes } = merge(given);
        const moved = updates.filter(
          ({ existing: row, incoming: job }) => row.status !== job.status,
        );
        const begun = inserts.filter(({ incoming: job }) => !terminal.has(job.status));
        expect(changes).toHaveLength(begun.length + moved.length);
        expect(changes.every(({ from, incoming: job }) => from !== job.status)).toBe(true);
      }),
    );
  });

  it('leaves open exactly the jobs that are not terminal afterwards', () => {
    fc.assert(
      fc.property(page, (given) => {
        const last = new Map(given.incoming.map((job) => [job.key, job]));
        const open = [...last.values()].filter(({ key, status }) => {
          const row = given.existing.get(key);
          return row?.isSettled !== true && !terminal.has(status);
        });
        expect(merge(given).open).toEqual(open.map(({ key }) => key));
      }),
    );
  });

  it('has nothing left to do when it comes again in the same walk', () => {
    fc.assert(
      fc.property(page, (given) => {
        const stored = new Map(given.existing);
        const first = merge(given);
        for (const { incoming: job } of [...first.inserts, ...first.updates, ...first.seen]) {
          const before = given.existing.get(job.key);
          const isKept = before?.isSettled === true && before.status !== job.status;
          const now = isKept ? before : job;
          stored.set(job.key, {
            ...{ id: '1', status: now.status, contentHash: now.contentHash, isVanished: false },
            ...{ isSettled: terminal.has(now.status), lastSeenWalkId: 'w', lastSeenAtMs: 2_000 },
          });
        }
        const second = merge({ ...given, existing: stored });
        expect([second.inserts, second.updates, second.changes]).toEqual([[], [], []]);
        expect(
          second.seen.every((sighting) => sighting.existing.status !== sighting.incoming.status),
        ).toBe(true);
      }),
    );
  });
});

describe('a page of a listing whose jobs are settled by tracking', () => {
  const listing = { ...context, settling: settlingOf({ settledBy: 'tracking' }, terminal) };

  it('settles nothing, and leaves open whatever is not settled', () => {
    fc.assert(
      fc.property(page, (given) => {
        const { inserts, updates, open } = mergeJobs({ ...listing, ...given });
        expect([...inserts, ...updates].filter(({ settles }) => settles)).toEqual([]);
        const keys = new Set(given.incoming.map(({ key }) => key));
        const unsettled = [...keys].filter((key) => given.existing.get(key)?.isSettled !== true);
        expect(new Set(open)).toEqual(new Set(unsettled));
      }),
    );
  });

  it('lets no job leave a terminal status, settled or not', () => {
    const row: ExistingJob = {
      ...{ id: '1', status: 'ERROR', contentHash: 'x', isSettled: false, isVanished: false },
      ...{ lastSeenWalkId: 'w', lastSeenAtMs: 1_000 },
    };
    const job = { key: 'a', jobKey: 'a', status: 'RUNNING', contentHash: 'y' };
    expect(decideJob(row, job, listing)).toEqual({ kind: 'left_terminal_state' });
  });
});

describe('a decision', () => {
  it('settles a row that an older version did not know to be terminal', () => {
    const row: ExistingJob = {
      ...{ id: '1', status: 'ERROR', contentHash: 'x', isSettled: false, isVanished: false },
      ...{ lastSeenWalkId: 'w', lastSeenAtMs: 1_000 },
    };
    const job = { key: 'a', jobKey: 'a', status: 'ERROR', contentHash: 'x' };
    expect(decideJob(row, job, context)).toEqual({ kind: 'update', settles: true });
  });
});
