import { mergeJobs, settlingOf, withKnownKeys } from '../../domain/mergeJobs.ts';
import { storableText } from '../../domain/storable.ts';
import { pagesPerClaimMax } from '../claim.ts';
import { driftRowsOf, jobRowOf, rejectedRowsOf } from '../jobRow.ts';
import { jsonText, parseJsonText } from '../jsonText.ts';
import type { JobPage, PageOutcome, WalkRef, WalkSink } from '../sink.ts';
import { SinkError } from '../sinkError.ts';
import { changedSource } from '../changedSource.ts';
import type { Contents, MemoryStream, MemoryWalk } from './contents.ts';
import { checkpointOf, jobIdOf, setCheckpoint } from './contents.ts';
import {
  applyChange,
  applyDrift,
  applyRejected,
  applyUpdate,
  latestKeys,
  withUnkeyed,
} from './writeJobs.ts';

/** Walks in memory. Every method does its work in one go, without waiting in between: that is its transaction. */
export function walksOf(contents: Contents): WalkSink {
  return {
    registerStreams: async (streams) => {
      const known = new Map([...contents.streams.values()].map((stream) => [stream.name, stream]));
      for (const { name, source } of streams) {
        const before = known.get(name);
        if (before !== undefined && before.source !== source)
          throw changedSource(name, before.source, source);
      }
      const ids = new Map<string, string>();
      for (const identity of streams) {
        const before = known.get(identity.name) ?? newStream(contents, identity.name);
        contents.streams.set(before.id, { ...before, ...identity });
        ids.set(identity.name, before.id);
      }
      return ids;
    },

    beginWalk: async ({ streamId, runId: givenRunId, partition = '', nowMs }) => {
      const checkpoint = checkpointOf(contents, { streamId, partition });
      const runId = storableText(givenRunId);
      const own = [...contents.walks.values()].filter((walk) => walk.streamId === streamId);
      const mine = own.find((walk) => walk.runId === runId);
      if (mine !== undefined && mine.outcome !== 'running') return { kind: 'ended' };
      if (mine === undefined) {
        const running = own.filter(
          (walk) => walk.outcome === 'running' && walk.partition === partition,
        );
        for (const walk of running) {
          contents.walks.set(walk.id, { ...walk, outcome: 'superseded', finishedAtMs: nowMs });
        }
      }
      const walk = mine ?? newWalk(contents, { streamId, runId, partition, startedAtMs: nowMs });
      contents.walks.set(walk.id, walk);
      const version = (Math.floor(checkpoint.version / pagesPerClaimMax) + 1) * pagesPerClaimMax;
      const state = mine === undefined ? null : checkpoint.state;
      setCheckpoint(contents, { ...checkpoint, version, state });
      return {
        kind: 'begun',
        walk: { streamId, partition, walkId: walk.id, version, startedAtMs: walk.startedAtMs },
        state: state === null ? null : parseJsonText(state),
      };
    },

    appendJobs: async (page) => appendJobs(contents, page),

    endWalk: async ({ walk, table, ending, nowMs }) => {
      if (!moveCheckpoint(contents, walk, null)) return { kind: 'moved' };
      let vanished = 0;
      if (ending.outcome === 'complete') {
        for (const [id, job] of contents.jobs) {
          if (table === null) break;
          // A job that no walk has ever seen stays: it was not there to be listed.
          const isListed =
            job.lastSeenWalkId === null ||
            job.lastSeenWalkId === walk.walkId ||
            job.vanishedAtMs !== null;
          if (job.streamId !== walk.streamId || job.table !== table.name || isListed) continue;
          contents.jobs.set(id, { ...job, vanishedAtMs: nowMs });
          vanished += 1;
        }
      }
      if (ending.outcome === 'complete' && walk.partition === '') {
        const stream = streamOf(contents, walk.streamId);
        const highWaterAtMs = ending.highWaterAtMs ?? walk.startedAtMs;
        contents.streams.set(stream.id, {
          ...stream,
          highWaterAtMs: Math.max(stream.highWaterAtMs ?? highWaterAtMs, highWaterAtMs),
          lastCompleteWalkAtMs: Math.max(stream.lastCompleteWalkAtMs ?? nowMs, nowMs),
        });
      }
      const ended: MemoryWalk = {
        ...walkOf(contents, walk.walkId),
        outcome: ending.outcome,
        incompleteReason: ending.outcome === 'incomplete' ? storableText(ending.reason) : null,
        error: ending.outcome === 'failed' ? storableText(ending.error) : null,
        finishedAtMs: nowMs,
        vanished,
      };
      contents.walks.set(walk.walkId, ended);
      return { kind: 'ended', counts: countsOf(ended), vanished };
    },

    noteWalkError: async ({ walk, error }) => {
      const stored = contents.walks.get(walk.walkId);
      if (stored?.outcome !== 'running') return;
      if (checkpointOf(contents, walk).version !== walk.version) return;
      contents.walks.set(stored.id, { ...stored, error: storableText(error) });
    },
  };
}

function appendJobs(contents: Contents, page: JobPage): PageOutcome {
  const { walk, table, terminal, nowMs } = page;
  const { streamId, walkId } = walk;
  // Everything that can fail comes before the first write.
  const given = page.entries.map((entry) => jobRowOf(table, entry));
  const rejected = rejectedRowsOf(page.rejected);
  const state = jsonText(page.state);
  const stored = walkOf(contents, walkId);
  if (!moveCheckpoint(contents, walk, state)) return { kind: 'moved' };

  const context = { table, streamId, walkId, nowMs };
  const incoming = withKnownKeys(given, latestKeys(contents, context, given));
  const existing = withUnkeyed(contents, context, incoming);
  const merged = mergeJobs({
    ...{ existing, incoming, terminal, settling: settlingOf(table, terminal), walkId },
    askedAtMs: page.askedAtMs,
  });
  for (const { incoming: row, settles } of merged.inserts) {
    contents.jobs.set(jobIdOf(table, streamId, row.key), {
      ...{ id: String(contents.jobs.size + 1), table: table.name, streamId, row },
      ...{ firstSeenAtMs: nowMs, lastSeenAtMs: nowMs, lastSeenWalkId: walkId },
      ...{ settledAtMs: settles ? nowMs : null, vanishedAtMs: null },
    });
  }
  for (const update of merged.updates) applyUpdate(contents, context, update);
  for (const { incoming: row } of merged.seen) {
    const id = jobIdOf(table, streamId, row.key);
    const job = contents.jobs.get(id);
    if (job === undefined) continue;
    const sighting = { lastSeenAtMs: nowMs, lastSeenWalkId: walkId, vanishedAtMs: null };
    contents.jobs.set(id, { ...job, ...sighting });
  }
  for (const change of merged.changes) applyChange(contents, context, change);
  for (const row of rejected) applyRejected(contents, context, row);
  const drift = [...page.drift, ...merged.drift, ...incoming.flatMap((row) => row.drift)];
  for (const row of driftRowsOf(drift)) applyDrift(contents, context, row);

  const { inserted, updated, duplicates } = merged;
  contents.walks.set(walkId, {
    ...stored,
    pages: stored.pages + 1,
    requests: stored.requests + page.requests,
    entriesSeen: stored.entriesSeen + page.entries.length + page.rejected.length,
    inserted: stored.inserted + inserted,
    updated: stored.updated + updated,
    duplicates: stored.duplicates + duplicates,
    rejected: stored.rejected + page.rejected.length,
    restarts: page.restarts,
    totalReported: page.totalReported,
  });
  return {
    kind: 'stored',
    walk: { ...walk, version: walk.version + 1 },
    ...{ inserted, updated, duplicates },
    open: merged.open.map((entryKey) => ({ streamId, entryKey })),
  };
}

/** @returns false when somebody else moved the checkpoint first; it is left alone then */
export function moveCheckpoint(contents: Contents, walk: WalkRef, state: string | null): boolean {
  const checkpoint = checkpointOf(contents, walk);
  if (checkpoint.version !== walk.version) return false;
  setCheckpoint(contents, { ...checkpoint, state, version: checkpoint.version + 1 });
  return true;
}

function newStream(contents: Contents, name: string): MemoryStream {
  return {
    ...{ id: String(contents.streams.size + 1), name, source: '', account: '' },
    ...{ highWaterAtMs: null, lastCompleteWalkAtMs: null },
  };
}

function newWalk(
  contents: Contents,
  start: Pick<MemoryWalk, 'streamId' | 'runId' | 'partition' | 'startedAtMs'>,
): MemoryWalk {
  return {
    ...{ id: String(contents.walks.size + 1), ...start, finishedAtMs: null },
    ...{ outcome: 'running', incompleteReason: null, error: null },
    ...{ pages: 0, requests: 0, entriesSeen: 0, inserted: 0, updated: 0, duplicates: 0 },
    ...{ rejected: 0, restarts: 0, totalReported: null, vanished: 0 },
    ...{ repeats: 0, reportedRows: 0, processedRows: 0, elapsedMs: 0 },
  };
}

function countsOf(walk: MemoryWalk) {
  const { pages, requests, entriesSeen, inserted, updated, duplicates } = walk;
  const { rejected, restarts, totalReported } = walk;
  const { repeats, reportedRows, processedRows, elapsedMs } = walk;
  return {
    ...{ pages, requests, entriesSeen, inserted, updated, duplicates },
    ...{ rejected, restarts, totalReported },
    ...{ repeats, reportedRows, processedRows, elapsedMs },
  };
}

export function streamOf(contents: Contents, streamId: string): MemoryStream {
  const stream = contents.streams.get(streamId);
  if (stream === undefined) throw new SinkError('bug', `no stream ${streamId} was registered`);
  return stream;
}

/** @throws SinkError `bug` when it was never begun */
export function walkOf(contents: Contents, walkId: string): MemoryWalk {
  const walk = contents.walks.get(walkId);
  if (walk === undefined) throw new SinkError('bug', `no walk ${walkId} was begun`);
  return walk;
}
