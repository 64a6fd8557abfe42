import type { InSlots } from '../../domain/slots.ts';
import { storableText } from '../../domain/storable.ts';
import { pagesPerClaimMax } from '../claim.ts';
import { parseJsonText } from '../jsonText.ts';
import type { WalkCounts, WalkSink } from '../sink.ts';
import { appendJobs } from './appendJobs.ts';
import { translated } from './errors.ts';
import { jobTableSql } from './jobTableSql.ts';
import type { StreamRegistry } from './streams.ts';
import type { Database } from './transaction.ts';
import { RolledBack, inTransaction } from './transaction.ts';

type Begun = Awaited<ReturnType<WalkSink['beginWalk']>>;
type Ended = Awaited<ReturnType<WalkSink['endWalk']>>;

/** Walks: claim, pages, end. The row of `checkpoints` is the lock and its version the fence. */
export function walksOf(
  database: Database,
  { streams, inSlots }: { readonly streams: StreamRegistry; readonly inSlots: InSlots },
): WalkSink {
  return {
    registerStreams: streams.register,
    beginWalk: async (run) => beginWalk(database, run),
    appendJobs: async (page) => appendJobs({ database, inSlots }, page),
    endWalk: async (end) => endWalk(database, end),
    noteWalkError: async ({ walk, error }) =>
      translated(database.url, async () => {
        await database.pool.query(
          `update walks set error = $3
           where id = $1 and outcome = 'running' and exists (
             select from checkpoints c
             where c.stream_id = walks.stream_id and c.partition = walks.partition and c.version = $2
           )`,
          [walk.walkId, walk.version, storableText(error)],
        );
      }),
  };
}

async function beginWalk(
  database: Database,
  run: Parameters<WalkSink['beginWalk']>[0],
): Promise<Begun> {
  const { streamId, partition = '', nowMs } = run;
  const runId = storableText(run.runId);
  const now = new Date(nowMs);
  return inTransaction<Begun>(database, async (client) => {
    await client.query(
      `insert into checkpoints (stream_id, partition, updated_at) values ($1, $3, $2)
       on conflict (stream_id, partition) do nothing`,
      [streamId, now, partition],
    );
    const locked = await client.query<{ state: string | null }>(
      `select state::text from checkpoints where stream_id = $1 and partition = $2 for no key update`,
      [streamId, partition],
    );
    // walks_stream_id_run_id_key
    const walks = await client.query<{ id: string; outcome: string; started_at: Date }>(
      `select id, outcome, started_at from walks where stream_id = $1 and run_id = $2`,
      [streamId, runId],
    );
    const [mine] = walks.rows;
    if (mine !== undefined && mine.outcome !== 'running') {
      return new RolledBack<Begun>({ kind: 'ended' });
    }
    const walk = mine ?? (await startWalk());
    const claimed = await client.query<{ version: string }>(
      `update checkpoints set
         version = (version / $4 + 1) * $4, updated_at = $2, state = case when $3 then state end
       where stream_id = $1 and partition = $5
       returning version`,
      [streamId, now, mine !== undefined, pagesPerClaimMax, partition],
    );
    const state = mine === undefined ? null : (locked.rows[0]?.state ?? null);
    return {
      kind: 'begun',
      walk: {
        ...{ streamId, partition },
        walkId: walk.id,
        version: Number(claimed.rows[0]?.version),
        startedAtMs: walk.started_at.getTime(),
      },
      state: state === null ? null : parseJsonText(state),
    };

    async function startWalk() {
      await client.query(
        `update walks set outcome = 'superseded', finished_at = $2
         where stream_id = $1 and partition = $3 and outcome = 'running'`,
        [streamId, now, partition],
      );
      const started = await client.query<{ id: string }>(
        `insert into walks (stream_id, run_id, started_at, partition)
         values ($1, $2, $3, $4) returning id`,
        [streamId, runId, now, partition],
      );
      return { id: started.rows[0]?.id ?? '', started_at: now };
    }
  });
}

async function endWalk(
  database: Database,
  end: Parameters<WalkSink['endWalk']>[0],
): Promise<Ended> {
  const { walk, table, ending } = end;
  const now = new Date(end.nowMs);
  return inTransaction<Ended>(database, async (client) => {
    const moved = await client.query(
      `update checkpoints set state = null, version = version + 1, updated_at = $3
       where stream_id = $1 and partition = $4 and version = $2`,
      [walk.streamId, walk.version, now, walk.partition],
    );
    if (moved.rowCount !== 1) return new RolledBack<Ended>({ kind: 'moved' });

    const isComplete = ending.outcome === 'complete';
    let vanished = 0;
    if (ending.outcome === 'complete') {
      if (table !== null) {
        const { markUnseenVanished } = jobTableSql(table);
        const marked = await client.query(markUnseenVanished, [walk.streamId, walk.walkId, now]);
        vanished = marked.rowCount ?? 0;
      }
    }
    if (ending.outcome === 'complete' && walk.partition === '') {
      const highWaterAtMs = ending.highWaterAtMs ?? walk.startedAtMs;
      await client.query(
        `update streams set
           high_water_at = greatest(high_water_at, $2),
           last_complete_walk_at = greatest(last_complete_walk_at, $3)
         where id = $1`,
        [walk.streamId, new Date(highWaterAtMs), now],
      );
    }
    const { rows } = await client.query<Record<keyof WalkCounts, string | number | null>>(
      `update walks set
         outcome = $2, complete = $3, incomplete_reason = $4, error = $5,
         finished_at = $6, vanished = $7
       where id = $1
       returning
         pages, requests, entries_seen as "entriesSeen", inserted, updated, duplicates, rejected,
         restarts, total_reported as "totalReported", repeats,
         reported_rows as "reportedRows", processed_rows as "processedRows",
         elapsed_ms as "elapsedMs"`,
      [
        walk.walkId,
        ending.outcome,
        isComplete,
        ending.outcome === 'incomplete' ? storableText(ending.reason) : null,
        // The note of an attempt that failed does not outlive a walk that ended well.
        ending.outcome === 'failed' ? storableText(ending.error) : null,
        now,
        vanished,
      ],
    );
    return { kind: 'ended', counts: countsOf(rows[0]), vanished };
  });
}

function countsOf(row: Record<keyof WalkCounts, string | number | null> | undefined): WalkCounts {
  const count = (name: keyof WalkCounts) => Number(row?.[name] ?? 0);
  return {
    pages: count('pages'),
    requests: count('requests'),
    entriesSeen: count('entriesSeen'),
    inserted: count('inserted'),
    updated: count('updated'),
    duplicates: count('duplicates'),
    rejected: count('rejected'),
    restarts: count('restarts'),
    totalReported: (row?.totalReported ?? null) === null ? null : count('totalReported'),
    repeats: count('repeats'),
    reportedRows: count('reportedRows'),
    processedRows: count('processedRows'),
    elapsedMs: count('elapsedMs'),
  };
}
