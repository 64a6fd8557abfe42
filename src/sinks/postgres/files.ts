import type pg from 'pg';
import { storableColumnValue, storableText } from '../../domain/storable.ts';
import type { FileAppend, FileFinish, FileOutcome, FileRow, FileSink } from '../fileSink.ts';
import { columnValuesOf, driftRowsOf, rejectedRowsOf } from '../jobRow.ts';
import { jsonText } from '../jsonText.ts';
import { fieldOf, type RowField } from '../rowText.ts';
import { storePositions } from './appendEntries.ts';
import { copyLine, copyText } from './copyText.ts';
import { inOneFlight } from './flight.ts';
import { fileTableSql } from './fileTableSql.ts';
import { inTransaction, RolledBack, type Database } from './transaction.ts';
import { driftSteps, rejectedSteps } from './writeJobs.ts';

/** Files and their rows: see FileSink. */
export function filesOf(database: Database): FileSink {
  return { storeFile: (append) => storeFile(database, append) };
}

/** What became of the file's rows. */
interface Written {
  /** null: there was no file. */
  readonly id: string | null;
  readonly rows: number;
  readonly file: 'new' | 'latest' | 'superseded' | 'none';
}

/**
 * The rows go straight into their table under an id that no file has yet, in the transaction that ends with the fence: they
 * meet no conflict and wait for no lock, and a walker that was fenced off takes them all back.
 */
async function storeFile(database: Database, append: FileAppend): Promise<FileOutcome> {
  const rows = watched(append.rows);
  try {
    return await inTransaction<FileOutcome>(database, async (client) => {
      const written = await writeRows(client, append, rows.batches);
      const finish = append.finish();
      if (finish === null) return new RolledBack<FileOutcome>({ kind: 'discarded' });
      return commit(client, append, { finish, written });
    });
  } catch (error) {
    const failure = rows.failure();
    throw failure === null ? error : failure.error;
  }
}

/** The rows, and their own failure: it must not be taken for one of the database. */
function watched(rows: FileAppend['rows']) {
  let failure: { readonly error: unknown } | null = null;
  async function* batches(): AsyncGenerator<readonly FileRow[]> {
    try {
      yield* rows;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  return { batches: batches(), failure: (): { readonly error: unknown } | null => failure };
}

/** Written by one COPY: small enough to be held twice, large enough that the way to the server does not count. */
const copyCharacters = 512 * 1024;

async function writeRows(
  client: pg.PoolClient,
  { table, streamId, file }: FileAppend,
  batches: AsyncIterable<readonly FileRow[]>,
): Promise<Written> {
  if (file === null) return { id: null, rows: 0, file: 'none' };
  const sql = fileTableSql(table);
  const found = await client.query<{ id: string; is_latest: boolean }>(sql.find, [
    ...[streamId, storableText(file.key), file.sha256],
  ]);
  const [same] = found.rows;
  if (same !== undefined) {
    return { id: same.id, rows: 0, file: same.is_latest ? 'latest' : 'superseded' };
  }
  const { rows: ids } = await client.query<{ id: string }>(sql.nextId);
  const id = ids[0]?.id ?? '';
  const types = Object.values(table.rows.columns).map(({ type }) => type);
  const lineOf = (row: FileRow): string => {
    const fields: RowField[] = [id];
    for (const [index, type] of types.entries()) {
      const value = storableColumnValue(type, row[index] ?? null) ?? null;
      fields.push(fieldOf(type, value));
    }
    return copyLine(fields);
  };
  let rows = 0;
  let lines: string[] = [];
  let characters = 0;
  // Lines are written while the next ones are read and made.
  let writing: Promise<void> = Promise.resolve();
  const write = async (): Promise<void> => {
    await writing;
    writing = copyText(client, sql.copyRows, lines);
    // Met at the next `await writing`, and until then nobody's unhandled rejection.
    writing.catch(() => undefined);
    lines = [];
    characters = 0;
  };
  try {
    for await (const batch of batches) {
      rows += batch.length;
      for (const row of batch) {
        const line = lineOf(row);
        lines.push(line);
        characters += line.length;
        if (characters >= copyCharacters) await write();
      }
    }
    await write();
  } finally {
    // The connection takes no other statement before this one has ended.
    await writing;
  }
  return { id, rows, file: 'new' };
}

async function commit(
  client: pg.PoolClient,
  { table, streamId, file, nowMs }: FileAppend,
  { finish, written }: { readonly finish: FileFinish; readonly written: Written },
): Promise<FileOutcome | RolledBack<FileOutcome>> {
  const { walk } = finish;
  const now = new Date(nowMs);
  const moved = await client.query(
    `update checkpoints set state = $3::jsonb, version = version + 1, updated_at = $4
     where stream_id = $1 and partition = '' and version = $2`,
    [streamId, walk.version, jsonText(finish.state), now],
  );
  if (moved.rowCount !== 1) return new RolledBack<FileOutcome>({ kind: 'moved' });

  const sql = fileTableSql(table);
  const { values, drift } = columnValuesOf(table.columns, finish.columns);
  let outcome: Extract<FileOutcome, { kind: 'stored' }>['file'] = 'none';
  if (file !== null) {
    const key = storableText(file.key);
    // First: a key has one latest file at most (log_files_latest_key).
    const superseded = await client.query(sql.supersedeOthers, [streamId, key, written.id, now]);
    if (written.file === 'new') {
      const types = Object.values(table.columns).map(({ type }) => type);
      await client.query(sql.insert, [
        ...[written.id, streamId, key, file.sha256, file.bytes, written.rows, now],
        jsonText(finish.raw),
        ...values.map((value, index) => fieldOf(types[index] ?? 'text', value)),
      ]);
    } else await client.query(sql.see, [written.id, now]);
    const isFirst = written.file === 'new' && superseded.rowCount === 0;
    outcome = written.file === 'latest' ? 'unchanged' : isFirst ? 'inserted' : 'updated';
  }
  const context = { streamId, walkId: walk.walkId, nowMs };
  await inOneFlight(client, [
    ...rejectedSteps(context, rejectedRowsOf(finish.rejected)),
    ...driftSteps(context, driftRowsOf([...finish.drift, ...drift])),
  ]);
  await storePositions(client, finish, now);
  const counted = (wanted: typeof outcome): number => (outcome === wanted ? 1 : 0);
  await client.query(
    `update walks set
       pages = pages + 1, entries_seen = entries_seen + $2 + $3 + $4 + $5,
       inserted = inserted + $2, updated = updated + $3, duplicates = duplicates + $4,
       rejected = rejected + $5, requests = requests + $6
     where id = $1`,
    [
      ...[walk.walkId, counted('inserted'), counted('updated'), counted('unchanged')],
      ...[finish.rejected.length, finish.cost.requests],
    ],
  );
  const next = { ...walk, version: walk.version + 1 };
  return { kind: 'stored', walk: next, file: outcome, rows: written.rows };
}
