import { decideJob } from '../../domain/mergeJobs.ts';
import { storableText } from '../../domain/storable.ts';
import { driftRowsOf, jobRowOf } from '../jobRow.ts';
import type { JobRecordOutcome, JobSink } from '../sink.ts';
import { translated } from './errors.ts';
import { inOneFlight } from './flight.ts';
import { jobTableSql } from './jobTableSql.ts';
import type { Database } from './transaction.ts';
import { RolledBack, inTransaction } from './transaction.ts';
import { changeSteps, driftSteps, existingOf, lockStep, updateSteps } from './writeJobs.ts';

/** Single jobs, as tracking reads and writes them. */
export function jobsOf(database: Database): JobSink {
  const { pool, url } = database;
  return {
    readJob: async ({ table, streamId, entryKey }) =>
      translated(url, async () => {
        const { rows } = await pool.query<{
          entry_key: string;
          job_key: string;
          status: string;
          progress: number | null;
          first_seen_at: Date;
          status_since: Date;
          settled_at: Date | null;
          vanished_at: Date | null;
        }>(jobTableSql(table).read, [streamId, storableText(entryKey)]);
        const [row] = rows;
        if (row === undefined) return null;
        return {
          entryKey: row.entry_key,
          jobKey: row.job_key,
          status: row.status,
          progressPercent: row.progress,
          firstSeenAtMs: row.first_seen_at.getTime(),
          statusSinceMs: row.status_since.getTime(),
          settledAtMs: row.settled_at?.getTime() ?? null,
          vanishedAtMs: row.vanished_at?.getTime() ?? null,
        };
      }),

    recordJob: async (record) => {
      const { table, terminal, streamId, expectedStatus, nowMs } = record;
      const incoming = jobRowOf(table, record.entry);
      const context = { table, streamId, nowMs, walkId: null };
      return inTransaction<JobRecordOutcome>(database, async (client) => {
        const [locked] = await inOneFlight(client, [lockStep(context, [incoming.key])]);
        const existing = existingOf(locked).get(incoming.key);
        if (existing === undefined) return new RolledBack<JobRecordOutcome>({ kind: 'absent' });
        const { status: from, isSettled } = existing;
        const leavesTerminal = terminal.has(from) && from !== incoming.status;
        if (isSettled || leavesTerminal || from !== storableText(expectedStatus)) {
          return new RolledBack<JobRecordOutcome>({ kind: 'conflict', status: from });
        }
        const decision = decideJob(existing, incoming, {
          ...{ terminal, settling: terminal, walkId: '', askedAtMs: nowMs },
        });
        const settles = decision.kind === 'update' && decision.settles;
        await inOneFlight(client, [
          ...updateSteps(context, [{ existing, incoming, settles }]),
          ...changeSteps(context, from === incoming.status ? [] : [{ incoming, from }]),
          ...driftSteps(context, driftRowsOf([...record.drift, ...incoming.drift])),
        ]);
        return { kind: 'recorded', from, status: incoming.status };
      });
    },

    markVanished: async ({ table, streamId, entryKey, nowMs }) =>
      translated(url, async () => {
        const { markVanished } = jobTableSql(table);
        await pool.query(markVanished, [streamId, storableText(entryKey), new Date(nowMs)]);
      }),

    openJobs: async ({ table, streamId, afterId, limit }) =>
      translated(url, async () => {
        const { rows } = await pool.query<{ id: string; entry_key: string }>(
          jobTableSql(table).open,
          [streamId, afterId, limit],
        );
        return rows.map(({ id, entry_key: entryKey }) => ({ id, streamId, entryKey }));
      }),
  };
}
