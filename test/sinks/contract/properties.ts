import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { WalkRef } from '../../../src/sinks/sink.ts';
import type { SinkUnderTest } from './harness.ts';
import { entry, newStream, page, table, terminal } from './harness.ts';

const statuses = ['STARTING', 'RUNNING', 'SUCCEEDED', 'ERROR', 'PAUSED'];

/** Something that a walker, a tracker or chance does to a stream. */
export type Step =
  | { readonly kind: 'begin'; readonly run: number }
  | { readonly kind: 'append'; readonly isStale: boolean; readonly jobs: readonly Job[] }
  | { readonly kind: 'replay' }
  | { readonly kind: 'record'; readonly expected: string; readonly job: Job }
  | { readonly kind: 'vanish'; readonly key: string }
  | { readonly kind: 'end'; readonly outcome: 'complete' | 'incomplete' | 'failed' };

interface Job {
  readonly key: string;
  readonly status: string;
  readonly content: number;
}

const job = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd'),
  status: fc.constantFrom(...statuses),
  content: fc.nat(1),
});

export const steps = fc.array(
  fc.oneof(
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('begin' as const), run: fc.nat(3) }) },
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant('append' as const),
        isStale: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, fc.constant(true)),
        jobs: fc.array(job, { maxLength: 5 }),
      }),
    },
    { weight: 1, arbitrary: fc.constant({ kind: 'replay' as const }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constant('record' as const),
        expected: fc.constantFrom(...statuses),
        job,
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('vanish' as const),
        key: fc.constantFrom('a', 'b'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constant('end' as const),
        outcome: fc.constantFrom('complete' as const, 'incomplete' as const, 'failed' as const),
      }),
    },
  ),
  { minLength: 1, maxLength: 25 },
);

const endings = {
  complete: { outcome: 'complete' },
  incomplete: { outcome: 'incomplete', reason: 'list_moved' },
  failed: { outcome: 'failed', error: 'no route' },
} as const;

/** What happened and what stands at the end, with the sink's own numbers replaced by their order. */
export interface Transcript {
  readonly streamId: string;
  readonly outcomes: readonly unknown[];
  /** Keys that stored pages held. */
  readonly listed: ReadonlySet<string>;
  readonly final: unknown;
}

/** Plays the steps on a stream of its own. */
export async function play(under: SinkUnderTest, given: readonly Step[]): Promise<Transcript> {
  const { sink } = under;
  const streamId = await newStream(sink);
  const walkIds: string[] = [];
  const outcomes: unknown[] = [];
  const listed = new Set<string>();
  let walk: WalkRef | null = null;
  let stale: WalkRef | null = null;
  let lastJobs: readonly Job[] = [];
  let nowMs = 10_000;

  const entryOf = ({ key, status, content }: Job) =>
    entry(key, status, { columns: { progress: content }, raw: { content } });
  const append = async (on: WalkRef, jobs: readonly Job[]) => {
    const outcome = await sink.appendJobs(page(on, { entries: jobs.map(entryOf), nowMs }));
    if (outcome.kind === 'moved') return outcome;
    for (const { key } of jobs) listed.add(key);
    [stale, walk, lastJobs] = [on, outcome.walk, jobs];
    const { inserted, updated, duplicates } = outcome;
    const open = outcome.open.map(({ entryKey }) => entryKey);
    return { kind: 'stored', inserted, updated, duplicates, open };
  };

  for (const step of given) {
    nowMs += 1_000;
    switch (step.kind) {
      case 'begin': {
        const begun = await sink.beginWalk({ streamId, runId: `run ${step.run}`, nowMs });
        outcomes.push(begun.kind);
        if (begun.kind === 'ended') break;
        stale = walk;
        walk = begun.walk;
        if (!walkIds.includes(walk.walkId)) walkIds.push(walk.walkId);
        break;
      }
      case 'append': {
        const on = step.isStale ? stale : walk;
        if (on !== null) outcomes.push(await append(on, step.jobs));
        break;
      }
      case 'replay':
        if (walk !== null) outcomes.push(await append(walk, lastJobs));
        break;
      case 'record': {
        const record = { table, terminal, streamId, expectedStatus: step.expected, nowMs };
        outcomes.push(await sink.recordJob({ ...record, entry: entryOf(step.job), drift: [] }));
        break;
      }
      case 'vanish':
        await sink.markVanished({ table, streamId, entryKey: step.key, nowMs });
        break;
      case 'end':
        if (walk === null) break;
        outcomes.push(await sink.endWalk({ walk, table, ending: endings[step.outcome], nowMs }));
    }
  }
  const jobs = (await under.jobs(streamId)).map((row) => ({
    ...row,
    lastSeenWalkId: walkIds.indexOf(row.lastSeenWalkId ?? ''),
  }));
  const status = (await sink.streamStatuses({ tables: new Map() })).find(
    (s) => s.streamId === streamId,
  );
  const { walks, highWaterAtMs, lastCompleteWalkAtMs, lastWalk } = status ?? {};
  const final = {
    jobs: jobs.sort((a, b) => (a.key < b.key ? -1 : 1)),
    changes: (await under.changes(streamId)).toSorted(
      (a, b) => a.observedAtMs - b.observedAtMs || (a.key < b.key ? -1 : 1),
    ),
    drift: await under.drift(streamId),
    stream: { walks, highWaterAtMs, lastCompleteWalkAtMs, lastWalk },
  };
  return { streamId, outcomes, listed, final };
}

export function propertyContract(open: () => SinkUnderTest): void {
  let under: SinkUnderTest;
  beforeAll(() => {
    under = open();
  });

  describe('whatever walkers and trackers do', () => {
    const always = (check: (played: Transcript) => Promise<void>) =>
      fc.assert(
        fc.asyncProperty(steps, async (given) => {
          await check(await play(under, given));
        }),
        { numRuns: 40 },
      );

    it('every key of a stored page is one row, and no other is', async () => {
      await always(async ({ streamId, listed }) => {
        const keys = (await under.jobs(streamId)).map(({ key }) => key);
        expect(keys.sort()).toEqual([...listed].sort());
      });
    });

    it('the changes of a job form one chain from first sight to its status, nothing after a terminal one', async () => {
      await always(async ({ streamId }) => {
        const changes = await under.changes(streamId);
        for (const { key, status, settledAtMs } of await under.jobs(streamId)) {
          const chain = changes.filter((change) => change.key === key);
          // Over when it was first seen: nobody saw it change.
          if (chain.length === 0 && terminal.has(status)) continue;
          expect(chain.map(({ from }) => from)).toEqual([
            null,
            ...chain.map(({ to }) => to).slice(0, -1),
          ]);
          expect(chain.at(-1)?.to).toBe(status);
          expect(chain.slice(0, -1).some(({ to }) => terminal.has(to))).toBe(false);
          expect(settledAtMs).toBe(terminal.has(status) ? chain.at(-1)?.observedAtMs : null);
        }
      });
    });

    it('the open jobs are exactly the rows neither settled nor vanished', async () => {
      await always(async ({ streamId }) => {
        const open = await under.sink.openJobs({ table, streamId, afterId: '0', limit: 100 });
        const rows = await under.jobs(streamId);
        const expected = rows.filter(
          (row) => row.settledAtMs === null && row.vanishedAtMs === null,
        );
        expect(open.map(({ entryKey }) => entryKey).sort()).toEqual(
          expected.map(({ key }) => key).sort(),
        );
      });
    });
  });
}
