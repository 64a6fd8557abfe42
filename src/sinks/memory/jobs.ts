import { decideJob } from '../../domain/mergeJobs.ts';
import { storableText } from '../../domain/storable.ts';
import { driftRowsOf, jobRowOf } from '../jobRow.ts';
import type { JobSink } from '../sink.ts';
import type { Contents } from './contents.ts';
import { jobIdOf } from './contents.ts';
import { applyChange, applyDrift, applyUpdate, existingOf } from './writeJobs.ts';

/** Single jobs in memory, as tracking reads and writes them. */
export function jobsOf(contents: Contents): JobSink {
  return {
    readJob: async ({ table, streamId, entryKey }) => {
      const job = contents.jobs.get(jobIdOf(table, streamId, storableText(entryKey)));
      if (job === undefined) return null;
      const { key, jobKey, status } = job.row;
      const progressAt = Object.keys(table.columns).indexOf('progress');
      const progress = job.row.values[progressAt];
      const last = contents.changes.findLast(
        (change) =>
          change.streamId === streamId && change.kind === table.kind && change.entryKey === key,
      );
      return {
        entryKey: key,
        jobKey,
        status,
        progressPercent: typeof progress === 'number' ? progress : null,
        firstSeenAtMs: job.firstSeenAtMs,
        statusSinceMs: last?.observedAtMs ?? job.firstSeenAtMs,
        settledAtMs: job.settledAtMs,
        vanishedAtMs: job.vanishedAtMs,
      };
    },

    recordJob: async (record) => {
      const { table, terminal, streamId, expectedStatus, nowMs } = record;
      const incoming = jobRowOf(table, record.entry);
      const job = contents.jobs.get(jobIdOf(table, streamId, incoming.key));
      if (job === undefined) return { kind: 'absent' };
      const existing = existingOf(job);
      const { status: from, isSettled } = existing;
      const leavesTerminal = terminal.has(from) && from !== incoming.status;
      if (isSettled || leavesTerminal || from !== storableText(expectedStatus)) {
        return { kind: 'conflict', status: from };
      }
      const context = { table, streamId, nowMs, walkId: null };
      const decision = decideJob(existing, incoming, {
        ...{ terminal, settling: terminal, walkId: '', askedAtMs: nowMs },
      });
      const settles = decision.kind === 'update' && decision.settles;
      applyUpdate(contents, context, { existing, incoming, settles });
      if (from !== incoming.status) applyChange(contents, context, { incoming, from });
      for (const row of driftRowsOf([...record.drift, ...incoming.drift])) {
        applyDrift(contents, context, row);
      }
      return { kind: 'recorded', from, status: incoming.status };
    },

    markVanished: async ({ table, streamId, entryKey, nowMs }) => {
      const id = jobIdOf(table, streamId, storableText(entryKey));
      const job = contents.jobs.get(id);
      if (job?.vanishedAtMs !== null) return;
      contents.jobs.set(id, { ...job, vanishedAtMs: nowMs });
    },

    openJobs: async ({ table, streamId, afterId, limit }) =>
      [...contents.jobs.values()]
        .filter(
          (job) =>
            job.table === table.name &&
            job.streamId === streamId &&
            job.settledAtMs === null &&
            job.vanishedAtMs === null &&
            Number(job.id) > Number(afterId),
        )
        .slice(0, limit)
        .map(({ id, row }) => ({ id, streamId, entryKey: row.key })),
  };
}
