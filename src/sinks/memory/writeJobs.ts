import type { JobTable } from '../../domain/column.ts';
import { unkeyedNamesOf } from '../../domain/mergeJobs.ts';
import type { ExistingJob, JobUpdate, StatusChange } from '../../domain/mergeJobs.ts';
import type { DriftRow, JobRow, RejectedRow } from '../jobRow.ts';
import type { Contents, MemoryJob } from './contents.ts';
import { jobIdOf } from './contents.ts';

/** What every write of one page or one tracked job shares. */
export interface WriteContext {
  readonly table: JobTable;
  readonly streamId: string;
  readonly nowMs: number;
}

export function existingOf(job: MemoryJob): ExistingJob {
  return {
    id: job.id,
    status: job.row.status,
    contentHash: job.row.contentHash,
    isSettled: job.settledAtMs !== null,
    isVanished: job.vanishedAtMs !== null,
    lastSeenWalkId: job.lastSeenWalkId,
    lastSeenAtMs: job.lastSeenAtMs,
  };
}

/** The key of the newest job of each name, for the entries that have nothing but their name and are not stored by it. */
export function latestKeys(
  contents: Contents,
  context: WriteContext,
  incoming: readonly JobRow[],
): ReadonlyMap<string, string> {
  const isStored = (key: string) =>
    contents.jobs.has(jobIdOf(context.table, context.streamId, key));
  const names = new Set(
    incoming.flatMap(({ key, jobKey }) => (key === jobKey && !isStored(key) ? [jobKey] : [])),
  );
  if (names.size === 0) return new Map();
  return new Map(
    [...contents.jobs.values()]
      .filter((job) => job.table === context.table.name && job.streamId === context.streamId)
      .filter(({ row }) => names.has(row.jobKey))
      .map(({ row }) => [row.jobKey, row.key]),
  );
}

/** The stored jobs of these entries, by key; those stored under their name alone get the key that is now known. */
export function withUnkeyed(
  contents: Contents,
  context: WriteContext,
  incoming: readonly JobRow[],
): ReadonlyMap<string, ExistingJob> {
  const at = (key: string) => jobIdOf(context.table, context.streamId, key);
  const existing = new Map<string, ExistingJob>();
  for (const { key } of incoming) {
    const job = contents.jobs.get(at(key));
    if (job !== undefined) existing.set(key, existingOf(job));
  }
  for (const [jobKey, key] of unkeyedNamesOf(incoming, existing)) {
    const job = contents.jobs.get(at(jobKey));
    if (job === undefined) continue;
    contents.jobs.delete(at(jobKey));
    contents.jobs.set(at(key), { ...job, row: { ...job.row, key } });
    existing.set(key, existingOf(job));
    contents.changes.forEach((change, index) => {
      if (change.streamId !== context.streamId || change.entryKey !== jobKey) return;
      contents.changes[index] = { ...change, entryKey: key };
    });
  }
  return existing;
}

/** @param context.walkId null outside a walk: the last walk that saw the row stays noted */
export function applyUpdate(
  contents: Contents,
  context: WriteContext & { readonly walkId: string | null },
  { incoming, settles }: JobUpdate<JobRow>,
): void {
  const id = jobIdOf(context.table, context.streamId, incoming.key);
  const job = contents.jobs.get(id);
  if (job === undefined) return;
  contents.jobs.set(id, {
    ...job,
    row: withTracked(context.table, incoming, job.row),
    lastSeenAtMs: context.nowMs,
    lastSeenWalkId: context.walkId ?? job.lastSeenWalkId,
    settledAtMs: settles ? context.nowMs : job.settledAtMs,
    vanishedAtMs: null,
  });
}

/** What an answer does not speak of stays as it was known. */
function withTracked({ columns, trackedColumns }: JobTable, row: JobRow, before: JobRow): JobRow {
  if (trackedColumns === undefined) return row;
  const names = Object.keys(columns);
  const values = row.values.map((value, index) =>
    value === null && trackedColumns.has(names[index] ?? '')
      ? (before.values[index] ?? null)
      : value,
  );
  return { ...row, values };
}

export function applyChange(
  contents: Contents,
  context: WriteContext,
  { incoming, from }: StatusChange<JobRow>,
): void {
  contents.changes.push({
    kind: context.table.kind,
    streamId: context.streamId,
    entryKey: incoming.key,
    jobKey: incoming.jobKey,
    from,
    to: incoming.status,
    progressPercent: incoming.progressPercent,
    observedAtMs: context.nowMs,
  });
}

export function applyRejected(
  contents: Contents,
  context: { readonly streamId: string; readonly walkId: string | null; readonly nowMs: number },
  row: RejectedRow,
): void {
  const { streamId, walkId, nowMs } = context;
  const id = `${streamId} ${row.contentHash}`;
  const known = contents.rejected.get(id);
  if (known !== undefined && (walkId === null || known.lastWalkId === walkId)) return;
  contents.rejected.set(id, {
    ...row,
    streamId,
    count: (known?.count ?? 0) + 1,
    firstSeenAtMs: known?.firstSeenAtMs ?? nowMs,
    lastSeenAtMs: nowMs,
    lastWalkId: walkId,
  });
}

export function applyDrift(
  contents: Contents,
  context: { readonly streamId: string; readonly nowMs: number },
  row: DriftRow,
): void {
  const { streamId, nowMs } = context;
  const id = `${streamId} ${row.kind} ${row.path}`;
  const known = contents.drift.get(id);
  contents.drift.set(id, {
    ...row,
    streamId,
    sample: known?.sample ?? row.sample,
    count: (known?.count ?? 0) + row.count,
    firstSeenAtMs: known?.firstSeenAtMs ?? nowMs,
    lastSeenAtMs: nowMs,
  });
}
