import { setImmediate } from 'node:timers/promises';
import type pg from 'pg';
import type { Drift, RejectedEntry } from '../../domain/entry.ts';
import { monthStartMs } from '../../domain/month.ts';
import type { InSlots } from '../../domain/slots.ts';
import { entryRowOf, type EntryRow } from '../entryRow.ts';
import type { EntryAppend, EntryBatch, EntryFinish, EntryOutcome } from '../entrySink.ts';
import { driftRowsOf, rejectedRowsOf } from '../jobRow.ts';
import { jsonText } from '../jsonText.ts';
import { fieldOf, timeText } from '../rowText.ts';
import { arrayLiteral } from './arrayLiteral.ts';
import { copyLine, copyText } from './copyText.ts';
import { entryTableSql } from './entryTableSql.ts';
import { inOneFlight } from './flight.ts';
import type { MonthPartitions } from './monthPartitions.ts';
import type { Connection, Database } from './transaction.ts';
import { onConnection, RolledBack } from './transaction.ts';
import { driftSteps, rejectedSteps } from './writeJobs.ts';

export interface EntryWriter {
  readonly database: Database;
  readonly inSlots: InSlots;
  readonly partitions: MonthPartitions;
}

/** What the batches held, once all of it is staged. */
interface Staged {
  readonly seen: number;
  readonly staged: number;
  readonly monthsMs: ReadonlySet<number>;
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
}

/** The batches' own failure, carried past everything that would take it for one of the database. */
interface BatchFailure {
  readonly failure: unknown;
}

/**
 * Stores entries: see EntrySink.appendEntries. Keys are checked first, so that what is stored already costs an index lookup
 * and nothing else; new rows wait in a temporary table of the connection, outside of any transaction, until the last one is
 * there. Then one short transaction moves the checkpoint, which is the fence, and stores them.
 */
export async function appendEntries(
  writer: EntryWriter,
  append: EntryAppend,
): Promise<EntryOutcome> {
  const { database, inSlots, partitions } = writer;
  const outcome = await onConnection<EntryOutcome | BatchFailure>(database, async (connection) => {
    const { client } = connection;
    const stage = createStage(client, append);
    try {
      const read = await stageAll(stage, append);
      if ('failure' in read) return read;
      await partitions.ensure(append.table, read.monthsMs);
      return await inSlots({ key: append.streamId, atOnceMax: 1 }, () => {
        const finish = append.finish();
        if (finish === null) return Promise.resolve<EntryOutcome>({ kind: 'discarded' });
        return commit(connection, append, { read, finish });
      });
    } finally {
      await stage.empty();
    }
  });
  if ('failure' in outcome) throw outcome.failure;
  return outcome;
}

/** Pulls until the batches end; a failure of theirs is told apart from one of the database. */
async function stageAll(
  stage: Stage,
  { batches, table }: EntryAppend,
): Promise<Staged | BatchFailure> {
  const rejected: RejectedEntry[] = [];
  const drift: Drift[] = [];
  const monthsMs = new Set<number>();
  let [seen, staged] = [0, 0];
  const pulled = pull(batches);
  try {
    for (;;) {
      const next = await pulled.next();
      if ('failure' in next) return next;
      if (next.batch === null) return { seen, staged, monthsMs, rejected, drift };
      const { batch } = next;
      const rows: EntryRow[] = [];
      for (const [index, entry] of batch.entries.entries()) {
        if (index % rowsAtOnce === rowsAtOnce - 1) await setImmediate();
        const row = entryRowOf(table, entry);
        rows.push(row);
        drift.push(...row.drift);
        if (table.monthly) monthsMs.add(monthStartMs(row.loggedAtMs));
      }
      rejected.push(...batch.rejected);
      drift.push(...batch.drift);
      seen += rows.length;
      staged += await stage.add(rows);
    }
  } finally {
    await pulled.stop();
  }
}

/** Rows prepared in one go, about 2 ms: other transactions of this process must not wait long for their next statement. */
const rowsAtOnce = 250;

function pull(batches: EntryAppend['batches']) {
  const iterator =
    Symbol.asyncIterator in batches ? batches[Symbol.asyncIterator]() : batches[Symbol.iterator]();
  return {
    next: async (): Promise<{ readonly batch: EntryBatch | null } | BatchFailure> => {
      try {
        const next = await iterator.next();
        return { batch: next.done === true ? null : next.value };
      } catch (failure) {
        return { failure };
      }
    },
    stop: async () => {
      await iterator.return?.();
    },
  };
}

interface Stage {
  /** Stages what is not stored yet, and answers how many rows that were. */
  add(rows: readonly EntryRow[]): Promise<number>;
  empty(): Promise<void>;
}

function createStage(client: pg.PoolClient, { table, streamId, nowMs }: EntryAppend): Stage {
  const sql = entryTableSql(table);
  const types = Object.values(table.columns);
  const now = timeText(nowMs);
  let isOpen = false;

  async function newOf(rows: readonly EntryRow[]): Promise<readonly EntryRow[]> {
    const times = rows.map(({ loggedAtMs }) => timeText(loggedAtMs));
    const keys = arrayLiteral(rows.map(({ key }) => key));
    const { rows: places } = await client.query<[number]>({
      text: sql.unstored,
      values: table.monthly ? [streamId, keys, arrayLiteral(times)] : [streamId, keys],
      rowMode: 'array',
    });
    return places.length === rows.length
      ? rows
      : places.flatMap(([place]) => rows[place - 1] ?? []);
  }

  async function open(): Promise<void> {
    await client.query(sql.createStage);
    // The connection is lent again and again: what a failed append left behind is not this one's.
    await client.query(sql.emptyStage);
    isOpen = true;
  }

  return {
    add: async (rows) => {
      const fresh = rows.length === 0 ? [] : await newOf(rows);
      if (fresh.length > 0 && !isOpen) await open();
      const lines = fresh.map(({ key, document, values }) =>
        copyLine([
          ...[streamId, key, now, document],
          ...values.map((value, index) => fieldOf(types[index]?.type ?? 'text', value)),
        ]),
      );
      await copyText(client, sql.copyToStage, lines);
      return fresh.length;
    },
    // When the connection is lost, so is the stage.
    empty: async () => {
      if (isOpen) await client.query(sql.emptyStage).catch(() => undefined);
    },
  };
}

/** A million rows take 10 to 20 s; the bound of the pool is for the statements of pages. */
const storeTimeout = '15min';

async function commit(
  { transaction }: Connection,
  append: EntryAppend,
  { read, finish }: { readonly read: Staged; readonly finish: EntryFinish },
): Promise<EntryOutcome> {
  const { table, nowMs } = append;
  const { walk, cost, snapshot } = finish;
  const sql = entryTableSql(table);
  const now = new Date(nowMs);
  const rejected = rejectedRowsOf(read.rejected);
  return transaction<EntryOutcome>(async (client) => {
    const moved = await client.query(
      `update checkpoints set state = $3::jsonb, version = version + 1, updated_at = $4
       where stream_id = $1 and partition = $5 and version = $2`,
      [walk.streamId, walk.version, jsonText(finish.state), now, walk.partition],
    );
    if (moved.rowCount !== 1) return new RolledBack<EntryOutcome>({ kind: 'moved' });

    let inserted = 0;
    if (read.staged > 0) {
      await client.query(`set local statement_timeout = '${storeTimeout}'`);
      inserted = (await client.query(sql.storeStage)).rowCount ?? 0;
    }
    if (snapshot !== undefined && sql.supersede !== null) {
      await client.query(sql.supersede, [
        ...[walk.streamId, new Date(snapshot.loggedAtMs), arrayLiteral(snapshot.keys), now],
      ]);
    }
    const context = { streamId: walk.streamId, walkId: walk.walkId, nowMs };
    await inOneFlight(client, [
      ...rejectedSteps(context, rejected),
      ...driftSteps(context, driftRowsOf(read.drift)),
    ]);
    await storePositions(client, finish, now);
    if (finish.highWaterAtMs !== undefined) {
      await client.query(
        `update streams set high_water_at = greatest(high_water_at, $2) where id = $1`,
        [walk.streamId, new Date(finish.highWaterAtMs)],
      );
    }
    const duplicates = read.seen - inserted;
    await client.query(
      `update walks set
         pages = pages + 1, entries_seen = entries_seen + $2 + $3 + $4,
         inserted = inserted + $2, duplicates = duplicates + $3, rejected = rejected + $4,
         requests = requests + $5, restarts = restarts + $6, repeats = repeats + $7,
         reported_rows = reported_rows + $8, processed_rows = processed_rows + $9,
         elapsed_ms = elapsed_ms + $10
       where id = $1`,
      [
        ...[walk.walkId, inserted, duplicates, read.rejected.length, cost.requests],
        ...[cost.restarts ?? 0, cost.repeats ?? 0, cost.reportedRows ?? 0],
        ...[cost.processedRows ?? 0, cost.elapsedMs ?? 0],
      ],
    );
    const next = { ...walk, version: walk.version + 1 };
    return { kind: 'stored', walk: next, inserted, duplicates };
  });
}

/** Positions of parts of a stream, under the lock of its walk. */
export async function storePositions(
  client: pg.PoolClient,
  finish: Pick<EntryFinish, 'walk' | 'partitions'>,
  now: Date,
): Promise<void> {
  for (const [partition, state] of finish.partitions ?? []) {
    await client.query(
      `insert into checkpoints (stream_id, partition, state, version, updated_at)
       values ($1, $2, $3::jsonb, 1, $4)
       on conflict (stream_id, partition) do update set
         state = excluded.state, version = checkpoints.version + 1, updated_at = excluded.updated_at`,
      [finish.walk.streamId, partition, state === null ? null : jsonText(state), now],
    );
  }
}
