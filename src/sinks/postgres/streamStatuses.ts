import type pg from 'pg';
import type { OperationsStore, StreamStatus } from '../sink.ts';
import { arrayLiteral } from './arrayLiteral.ts';
import type { PrismaClient } from './generated/client.ts';

type Query = Parameters<OperationsStore['streamStatuses']>[0];

/** Per stream, by name: see OperationsStore.streamStatuses. A handful of statements, however many streams there are. */
export async function readStreamStatuses(
  pool: pg.Pool,
  prisma: PrismaClient,
  query: Query,
): Promise<readonly StreamStatus[]> {
  const streams = await prisma.stream.findMany({
    where: query.names === undefined ? {} : { name: { in: [...query.names] } },
    orderBy: { name: 'asc' },
  });
  const ids = streams.map(({ id }) => id);
  const sums = await prisma.walk.groupBy({
    by: ['streamId', 'outcome'],
    where: { streamId: { in: ids } },
    _count: { _all: true },
    _sum: { pages: true, entriesSeen: true, repeats: true },
  });
  const rejected = await prisma.rejectedEntry.groupBy({
    by: ['streamId'],
    where: { streamId: { in: ids } },
    _count: { _all: true },
  });
  const files = await prisma.downloadFile.groupBy({
    by: ['streamId', 'status'],
    where: { streamId: { in: ids } },
    _count: { _all: true },
    _sum: { rows: true },
  });
  const idTexts = ids.map(String);
  const counts = await readCounts(pool, query, idTexts);
  const lastWalks = await readLastWalks(pool, idTexts);

  return streams.map((stream) => {
    const streamId = stream.id.toString();
    const own = sums.filter((sum) => sum.streamId === stream.id);
    const ownFiles = files.filter((group) => group.streamId === stream.id);
    return {
      streamId,
      name: stream.name,
      source: stream.source,
      account: stream.account,
      highWaterAtMs: stream.highWaterAt?.getTime() ?? null,
      lastCompleteWalkAtMs: stream.lastCompleteWalkAt?.getTime() ?? null,
      lastWalk: lastWalks.get(streamId) ?? null,
      entries: counts.get(streamId)?.entries ?? 0,
      openJobs: counts.get(streamId)?.openJobs ?? 0,
      rejected: rejected.find((group) => group.streamId === stream.id)?._count._all ?? 0,
      files: Object.fromEntries(ownFiles.map((group) => [group.status, group._count._all])),
      fileRows: ownFiles.reduce((total, group) => total + Number(group._sum.rows ?? 0), 0),
      walks: Object.fromEntries(own.map((sum) => [sum.outcome, sum._count._all])),
      pages: own.reduce((total, sum) => total + (sum._sum.pages ?? 0), 0),
      entriesSeen: own.reduce((total, sum) => total + Number(sum._sum.entriesSeen ?? 0), 0),
      repeats: own.reduce((total, sum) => total + (sum._sum.repeats ?? 0), 0),
    };
  });
}

async function readCounts(pool: pg.Pool, query: Query, ids: readonly string[]) {
  const counts = new Map<string, { readonly entries: number; readonly openJobs: number }>();
  for (const table of new Set(query.tables.values())) {
    const open = table.holdsJobs
      ? 'count(*) filter (where settled_at is null and vanished_at is null)'
      : '0';
    const { rows } = await pool.query<{ stream_id: string; entries: string; open_jobs: string }>(
      `select stream_id, count(*) as entries, ${open} as open_jobs
       from ${table.name}
       where stream_id = any($1::bigint[])
       group by stream_id`,
      [arrayLiteral(ids)],
    );
    for (const row of rows) {
      counts.set(row.stream_id, { entries: Number(row.entries), openJobs: Number(row.open_jobs) });
    }
  }
  return counts;
}

/** The model API would read every walk of a stream to answer its last one. */
async function readLastWalks(pool: pg.Pool, ids: readonly string[]) {
  // walks_stream_id_started_at_idx
  const { rows } = await pool.query<{
    stream_id: string;
    outcome: string;
    started_at: Date;
    finished_at: Date | null;
    incomplete_reason: string | null;
    error: string | null;
  }>(
    `select w.*
     from unnest($1::bigint[]) as s(id)
     cross join lateral (
       select stream_id, outcome, started_at, finished_at, incomplete_reason, error
       from walks
       where stream_id = s.id and partition = ''
       order by started_at desc, id desc
       limit 1
     ) w`,
    [arrayLiteral(ids)],
  );
  return new Map(
    rows.map((row) => [
      row.stream_id,
      {
        outcome: row.outcome,
        startedAtMs: row.started_at.getTime(),
        finishedAtMs: row.finished_at?.getTime() ?? null,
        incompleteReason: row.incomplete_reason,
        error: row.error,
      },
    ]),
  );
}
