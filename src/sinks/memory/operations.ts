import type { BudgetStore, OperationsStore, StreamStatus } from '../sink.ts';
import { TURN_AHEAD_MS_MAX } from '../sink.ts';
import type { Contents, MemoryStream } from './contents.ts';

/** Budgets of one process. */
export function budgetsOf(contents: Contents): BudgetStore {
  const keyOf = ({ account, api }: { account: string; api: string }) => `${account} ${api}`;
  return {
    pauseBudget: async (pause) => {
      const before = contents.budgets.get(keyOf(pause));
      contents.budgets.set(keyOf(pause), {
        pausedUntilMs: Math.max(before?.pausedUntilMs ?? 0, pause.untilMs),
        throttles: (before?.throttles ?? 0) + 1,
      });
    },
    budgetOf: async (budget) =>
      contents.budgets.get(keyOf(budget)) ?? { pausedUntilMs: 0, throttles: 0 },
    takeTurn: async ({ intervalMs, nowMs, ...budget }) => {
      const next = contents.turns.get(keyOf(budget)) ?? 0;
      const turnAtMs = next > nowMs && next <= nowMs + TURN_AHEAD_MS_MAX ? next : nowMs;
      contents.turns.set(keyOf(budget), turnAtMs + intervalMs);
      return turnAtMs - nowMs;
    },
    clearThrottles: async (budget) => {
      const before = contents.budgets.get(keyOf(budget));
      if (before !== undefined) contents.budgets.set(keyOf(budget), { ...before, throttles: 0 });
    },
  };
}

/** What operators ask, of one process. */
export function operationsOf(contents: Contents): OperationsStore {
  return {
    streamStatuses: async ({ names }) =>
      [...contents.streams.values()]
        .filter(({ name }) => names === undefined || names.includes(name))
        .sort((a, b) => (a.name < b.name ? -1 : 1))
        .map((stream) => statusOf(contents, stream)),

    addRequestCounts: async (counts) => {
      for (const given of counts) {
        const key = [given.account, given.api, given.status, given.outcome].join(' ');
        const count = (contents.requests.get(key)?.count ?? 0) + given.count;
        contents.requests.set(key, { ...given, count });
      }
    },
    requestCounts: async () =>
      [...contents.requests].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count),

    beat: async (name, nowMs) => {
      contents.beats.set(name, nowMs);
    },
    lastBeatMs: async (name) => contents.beats.get(name) ?? null,
    ping: async () => undefined,
  };
}

function statusOf(contents: Contents, stream: MemoryStream): StreamStatus {
  const { id: streamId, name, source, account, highWaterAtMs, lastCompleteWalkAtMs } = stream;
  const walks = [...contents.walks.values()].filter((walk) => walk.streamId === streamId);
  const jobs = [...contents.jobs.values()].filter((job) => job.streamId === streamId);
  const rejected = [...contents.rejected.values()].filter((row) => row.streamId === streamId);
  const open = jobs.filter((job) => job.settledAtMs === null && job.vanishedAtMs === null);
  const live = walks.filter(({ partition }) => partition === '');
  const last = live.reduce<(typeof live)[number] | null>(
    (latest, walk) => (latest === null || walk.startedAtMs >= latest.startedAtMs ? walk : latest),
    null,
  );
  const files = [...contents.downloads.values()].filter((file) => file.streamId === streamId);
  return {
    ...{ streamId, name, source, account, highWaterAtMs, lastCompleteWalkAtMs },
    lastWalk:
      last === null
        ? null
        : {
            outcome: last.outcome,
            startedAtMs: last.startedAtMs,
            finishedAtMs: last.finishedAtMs,
            incompleteReason: last.incompleteReason,
            error: last.error,
          },
    entries:
      jobs.length +
      [...contents.entries.values()].filter((row) => row.streamId === streamId).length,
    openJobs: open.length,
    rejected: rejected.length,
    files: countsOf(files.map(({ status }) => status)),
    fileRows: files.reduce((sum, { rows }) => sum + rows, 0),
    walks: countsOf(walks.map(({ outcome }) => outcome)),
    pages: walks.reduce((sum, walk) => sum + walk.pages, 0),
    entriesSeen: walks.reduce((sum, walk) => sum + walk.entriesSeen, 0),
    repeats: walks.reduce((sum, walk) => sum + walk.repeats, 0),
  };
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts);
}
