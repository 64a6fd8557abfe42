import { expect } from '@jest/globals';
import type pg from 'pg';
import type { ColumnValue } from '../../../src/domain/column.ts';
import { parseJsonText } from '../../../src/sinks/jsonText.ts';
import type { Sink } from '../../../src/sinks/sink.ts';
import type { SinkUnderTest } from './harness.ts';
import { table } from './harness.ts';

type Row = Readonly<Record<string, unknown>>;

/** The Postgres sink, looked at with plain SQL. */
export function postgresUnderTest(sink: Sink, pool: pg.Pool): SinkUnderTest {
  const select = async (sql: string, streamId: string) =>
    (await pool.query<Row>(sql, [streamId])).rows;
  return {
    sink,
    jobs: async (streamId, given = table) => {
      const rows = await select(
        `select *, raw::text as raw from ${given.name} where stream_id = $1 order by id`,
        streamId,
      );
      return rows.map((row) => ({
        ...{
          key: text(row['entry_key']),
          jobKey: text(row['job_key']),
          status: text(row['status']),
        },
        columns: Object.fromEntries(
          Object.keys(given.columns).map((name) => [name, value(row[name])]),
        ),
        raw: parseJsonText(text(row['raw'])),
        ...{
          firstSeenAtMs: time(row['first_seen_at']) ?? 0,
          lastSeenAtMs: time(row['last_seen_at']) ?? 0,
        },
        lastSeenWalkId: row['last_seen_walk_id'] === null ? null : text(row['last_seen_walk_id']),
        ...{ settledAtMs: time(row['settled_at']), vanishedAtMs: time(row['vanished_at']) },
      }));
    },
    files: async (streamId) => {
      const rows = await select(
        `select f.*, f.raw::text as raw, array(
           select text from log_file_lines l where l.log_file_id = f.id order by entry_no, line_no
         ) as texts
         from log_files f where stream_id = $1 order by id`,
        streamId,
      );
      return rows.map((row) => ({
        ...{ key: text(row['sub_job_id']), sha256: text(row['sha256']) },
        bytes: Number(row['bytes']),
        columns: { file_name: value(row['file_name']), entries: value(row['entries']) },
        raw: parseJsonText(text(row['raw'])),
        lines: Array.isArray(row['texts']) ? row['texts'].map(text) : [],
        count: Number(row['lines']),
        downloadedAtMs: time(row['downloaded_at']) ?? 0,
        lastSeenAtMs: time(row['last_seen_at']) ?? 0,
        supersededAtMs: time(row['superseded_at']),
      }));
    },
    downloads: async (streamId) => {
      const rows = await select(
        `select f.*, f.id::text as file_id, j.file_status, j.file_error
         from download_files f join download_jobs j on j.id = f.job_id
         where f.stream_id = $1 order by f.id`,
        streamId,
      );
      const files = rows.map(async (row) => {
        // What the job shows is what its file says.
        expect([row['file_status'], row['file_error']]).toEqual([row['status'], row['reason']]);
        const stored = await select(
          `select row_no, logged_at, content::text as content from download_rows
           where download_file_id = $1 order by row_no`,
          text(row['file_id']),
        );
        return {
          ...{ status: text(row['status']), reason: textOrNull(row['reason']) },
          sha256: textOrNull(row['sha256']),
          etagVerified: row['etag_verified'] === null ? null : row['etag_verified'] === true,
          logCount: textOrNull(row['log_count']),
          compression: textOrNull(row['compression']),
          keptAt: textOrNull(row['kept_at']),
          endedAtMs: time(row['ended_at']),
          counts: [Number(row['records']), Number(row['rows']), Number(row['rejected'])] as const,
          stored: stored.map(
            (found) =>
              [
                Number(found['row_no']),
                time(found['logged_at']),
                parseJsonText(text(found['content'])),
              ] as const,
          ),
        };
      });
      return Promise.all(files);
    },
    changes: async (streamId) => {
      const rows = await select(
        `select * from job_status_changes where stream_id = $1 order by id`,
        streamId,
      );
      return rows.map((row) => ({
        ...{ kind: text(row['kind']), key: text(row['entry_key']), jobKey: text(row['job_key']) },
        from: row['from_status'] === null ? null : text(row['from_status']),
        to: text(row['to_status']),
        progress: row['progress'] === null ? null : Number(row['progress']),
        observedAtMs: time(row['observed_at']) ?? 0,
      }));
    },
    entries: async (given, streamId) => {
      const rows = await select(
        `select *, ${given.document}::text as document from ${given.name}
         where stream_id = $1 order by entry_key`,
        streamId,
      );
      return rows.map((row) => ({
        key: text(row['entry_key']).replaceAll('-', ''),
        columns: Object.fromEntries(
          Object.keys(given.columns).map((name) => [name, value(row[name])]),
        ),
        document: parseJsonText(text(row['document'])),
        firstSeenAtMs: time(row['first_seen_at']) ?? 0,
        supersededAtMs: time(row['superseded_at']),
      }));
    },
    rejected: async (streamId) => {
      const rows = await select(
        `select *, raw::text as raw from rejected_entries where stream_id = $1 order by id`,
        streamId,
      );
      return rows.map((row) => ({
        ...{
          reason: text(row['reason']),
          raw: parseJsonText(text(row['raw'])),
          count: Number(row['count']),
        },
        ...{
          firstSeenAtMs: time(row['first_seen_at']) ?? 0,
          lastSeenAtMs: time(row['last_seen_at']) ?? 0,
        },
      }));
    },
    drift: async (streamId) => {
      const rows = await select(
        `select * from drift_reports where stream_id = $1 order by id`,
        streamId,
      );
      return rows.map((row) => ({
        ...{ path: text(row['path']), kind: text(row['kind']), sample: text(row['sample']) },
        count: Number(row['count']),
      }));
    },
  };
}

function text(value: unknown): string {
  return String(value);
}

function time(value: unknown): number | null {
  return value instanceof Date ? value.getTime() : null;
}

function value(given: unknown): ColumnValue {
  if (typeof given === 'string' || typeof given === 'number' || typeof given === 'boolean')
    return given;
  if (Array.isArray(given)) return JSON.stringify(given);
  return time(given);
}

function textOrNull(found: unknown): string | null {
  return found === null ? null : text(found);
}
