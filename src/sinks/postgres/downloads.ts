import type { DownloadRef, DownloadRow, DownloadSink, StoredDownload } from '../downloadSink.ts';
import { FILE_STATUSES } from '../downloadSink.ts';
import { rejectedRowsOf } from '../jobRow.ts';
import { fieldText, timeText } from '../rowText.ts';
import { storableText } from '../../domain/storable.ts';
import { arrayLiteral } from './arrayLiteral.ts';
import { translated } from './errors.ts';
import type { MonthPartitions } from './monthPartitions.ts';
import type { Database } from './transaction.ts';
import { inFlights, inTransaction, RolledBack } from './transaction.ts';
import { rejectedSteps } from './writeJobs.ts';

const monthly = { name: 'download_rows', monthly: true };
/** Rows of a file that has changed are removed in one go; the bound of the pool is for the statements of pages. */
const removalTimeout = '15min';
const copyRows = 'copy download_rows (download_file_id, row_no, logged_at, content) from stdin';
/** The fence: whoever holds an older version finds no row. */
const moveOn = `update download_files set version = version + 1, records = $3, rows = $4, rejected = $5
  where id = $1 and version = $2`;

/** Files of export jobs, and their rows: see DownloadSink. */
export function downloadsOf(parts: {
  readonly database: Database;
  readonly partitions: MonthPartitions;
}): DownloadSink {
  const { database, partitions } = parts;
  const { pool, url } = database;
  return {
    wantDownloads: (want) => wantDownloads(database, want),

    openDownloads: async ({ streamId, afterId, limit }) =>
      translated(url, async () => {
        // download_files_open_idx
        const { rows } = await pool.query<{ id: string; entry_key: string }>(
          `select f.id, j.entry_key
           from download_files f
           join download_jobs j on j.id = f.job_id
           where f.stream_id = $1 and f.status in ('waiting', 'loading') and f.id > $2
           order by f.id
           limit $3`,
          [streamId, afterId, limit],
        );
        return rows.map(({ id, entry_key: entryKey }) => ({ id, streamId, entryKey }));
      }),

    beginDownload: async ({ streamId, entryKey }) => {
      const claimed = await translated(url, async () =>
        pool.query<{ id: string; version: string }>(
          `update download_files f set version = f.version + 1
           from download_jobs j
           where j.id = f.job_id and j.stream_id = $1 and j.entry_key = $2
             and f.status in ('waiting', 'loading')
           returning f.id, f.version`,
          [streamId, storableText(entryKey)],
        ),
      );
      const [claim] = claimed.rows;
      if (claim !== undefined) {
        const download = { fileId: claim.id, version: Number(claim.version) };
        return { kind: 'begun', download };
      }
      const file = await readDownload(database, { streamId, entryKey });
      return file === null ? { kind: 'absent' } : { kind: 'ended', file };
    },

    startLoading: (start) => startLoading(database, start),

    appendRows: async ({ download, streamId, rows, rejected, progress, nowMs }) => {
      const { fileId, version } = download;
      await partitions.ensure(monthly, daysOf(rows));
      const lines = rows.map((row) => lineOf(fileId, row));
      const values = [fileId, version, progress.records, progress.rows, progress.rejected];
      type Outcome = Awaited<ReturnType<DownloadSink['appendRows']>>;
      return inFlights<Outcome>(database, async ({ begin, commit }) => {
        const [moved] = await begin([{ text: moveOn, values }]);
        if (moved?.rowCount !== 1) return new RolledBack<Outcome>({ kind: 'moved' });
        await commit([
          ...(rows.length === 0 ? [] : [{ text: copyRows, lines }]),
          ...rejectedSteps({ streamId, nowMs, walkId: null }, rejectedRowsOf(rejected)),
        ]);
        return { kind: 'stored', download: next(download) };
      });
    },

    endDownload: async ({ download, ending, compression, keptAt, nowMs }) => {
      const reason = ending.reason === null ? null : storableText(ending.reason);
      type Outcome = Awaited<ReturnType<DownloadSink['endDownload']>>;
      return inTransaction<Outcome>(database, async (client) => {
        const { rows } = await client.query<{ job_id: string }>(
          `update download_files set
             version = version + 1, status = $3, reason = $4, compression = coalesce($5, compression),
             kept_at = coalesce($6, kept_at), ended_at = $7
           where id = $1 and version = $2
           returning job_id`,
          [
            ...[download.fileId, download.version, ending.status, reason],
            ...[compression, keptAt, new Date(nowMs)],
          ],
        );
        const [ended] = rows;
        if (ended === undefined) return new RolledBack<Outcome>({ kind: 'moved' });
        await client.query(showAtJob, [ended.job_id, ending.status, reason]);
        return { kind: 'ended' };
      });
    },

    noteDownloadError: async ({ download, error }) => {
      await inTransaction(database, async (client) => {
        const reason = storableText(error);
        const { rows } = await client.query<{ job_id: string; status: string }>(
          `update download_files set reason = $3 where id = $1 and version = $2 returning job_id, status`,
          [download.fileId, download.version, reason],
        );
        for (const noted of rows) {
          await client.query(showAtJob, [noted.job_id, noted.status, reason]);
        }
      });
    },

    retryDownloads: async ({ streamId }) =>
      inTransaction(database, async (client) => {
        const { rows } = await client.query<{ job_id: string }>(
          `update download_files set version = version + 1, status = 'waiting', ended_at = null
           where stream_id = $1 and status in ('incomplete', 'failed')
           returning job_id`,
          [streamId],
        );
        await client.query(showWaiting, [arrayLiteral(rows.map(({ job_id: jobId }) => jobId))]);
        return rows.length;
      }),

    readDownload: (query) => readDownload(database, query),
  };
}

const showAtJob = 'update download_jobs set file_status = $2, file_error = $3 where id = $1';
// In the order of ids, as pages lock their rows.
const showWaiting = `update download_jobs set file_status = 'waiting'
  where id in (select id from download_jobs where id = any($1::bigint[]) order by id for no key update)`;

async function wantDownloads(
  database: Database,
  { streamId, entryKeys, status, nowMs }: Parameters<DownloadSink['wantDownloads']>[0],
): ReturnType<DownloadSink['wantDownloads']> {
  const keys = arrayLiteral(entryKeys.map(storableText));
  return inTransaction(database, async (client) => {
    // Nearly all files are noted already: they are looked at, and no row is locked or written.
    const { rows } = await client.query<{ id: string; entry_key: string; is_new: boolean }>(
      `select j.id, j.entry_key, f.id is null as is_new
       from download_jobs j
       left join download_files f on f.job_id = j.id
       where j.stream_id = $1 and j.entry_key = any($2::text[]) and j.status = $3
         and (f.id is null or f.status in ('waiting', 'loading'))`,
      [streamId, keys, status],
    );
    const found = arrayLiteral(rows.flatMap(({ id, is_new: isNew }) => (isNew ? [id] : [])));
    const { rows: noted } = await client.query<{ job_id: string }>(
      `insert into download_files (stream_id, job_id, job, wanted_at)
       select stream_id, id, job_key, $2 from download_jobs where id = any($1::bigint[]) order by id
       on conflict (job_id) do nothing
       returning job_id`,
      [found, new Date(nowMs)],
    );
    await client.query(showWaiting, [arrayLiteral(noted.map(({ job_id: jobId }) => jobId))]);
    return rows.map(({ entry_key: entryKey }) => ({ streamId, entryKey }));
  });
}

async function startLoading(
  database: Database,
  { download, file, nowMs }: Parameters<DownloadSink['startLoading']>[0],
): ReturnType<DownloadSink['startLoading']> {
  const { fileId, version } = download;
  type Outcome = Awaited<ReturnType<DownloadSink['startLoading']>>;
  return inTransaction<Outcome>(database, async (client) => {
    const { rows } = await client.query<StoredRow & { sha256: string | null; job_id: string }>(
      `select status, reason, records, rows, rejected, sha256, job_id from download_files
       where id = $1 and version = $2
       for no key update`,
      [fileId, version],
    );
    const [stored] = rows;
    if (stored === undefined) return new RolledBack<Outcome>({ kind: 'moved' });
    const goesOn = stored.status === 'loading' && stored.sha256 === file.sha256;
    const { records, rows: rowCount, rejected } = downloadOf(stored);
    const from = goesOn
      ? { records, rows: rowCount, rejected }
      : { records: 0, rows: 0, rejected: 0 };
    if (!goesOn && records > 0) {
      await client.query(`set local statement_timeout = '${removalTimeout}'`);
      // download_rows_key begins with the file.
      await client.query('delete from download_rows where download_file_id = $1', [fileId]);
    }
    await client.query(
      `update download_files set
         version = version + 1, status = 'loading', reason = null, sha256 = $2, bytes = $3, etag_verified = $4, verification = $5,
         content_type = $6, log_count = $7, downloaded_at = $8, records = $9, rows = $10, rejected = $11
       where id = $1`,
      [
        ...[fileId, file.sha256, file.bytes, file.etagVerified, file.verification],
        ...[file.contentType, file.logCount, new Date(nowMs)],
        ...[from.records, from.rows, from.rejected],
      ],
    );
    await client.query(showAtJob, [stored.job_id, 'loading', null]);
    return { kind: 'loading', download: next(download), from };
  });
}

async function readDownload(
  database: Database,
  { streamId, entryKey }: Parameters<DownloadSink['readDownload']>[0],
): Promise<StoredDownload | null> {
  return translated(database.url, async () => {
    const { rows } = await database.pool.query<StoredRow>(
      `select f.status, f.reason, f.records, f.rows, f.rejected
       from download_files f
       join download_jobs j on j.id = f.job_id
       where j.stream_id = $1 and j.entry_key = $2`,
      [streamId, storableText(entryKey)],
    );
    const [row] = rows;
    return row === undefined ? null : downloadOf(row);
  });
}

interface StoredRow {
  readonly status: string;
  readonly reason: string | null;
  readonly records: string;
  readonly rows: string;
  readonly rejected: string;
}

function downloadOf({ status, reason, records, rows, rejected }: StoredRow): StoredDownload {
  const known = FILE_STATUSES.find((candidate) => candidate === status);
  if (known === undefined) throw new TypeError(`download_files holds a status ${status}`);
  const counts = { records: Number(records), rows: Number(rows), rejected: Number(rejected) };
  return { status: known, reason, ...counts };
}

const dayMs = 86_400_000;

/** The days of the rows, as their first moments: few, where the rows are many. */
function daysOf(rows: readonly DownloadRow[]): readonly number[] {
  const days = new Set<number>();
  for (const { loggedAtMs } of rows) {
    if (loggedAtMs !== null) days.add(Math.floor(loggedAtMs / dayMs));
  }
  return [...days].map((day) => day * dayMs);
}

function lineOf(fileId: string, { rowNo, loggedAtMs, content }: DownloadRow): string {
  const loggedAt = loggedAtMs === null ? '\\N' : timeText(loggedAtMs);
  return `${fileId}\t${rowNo}\t${loggedAt}\t${fieldText(content)}\n`;
}

function next({ fileId, version }: DownloadRef): DownloadRef {
  return { fileId, version: version + 1 };
}
