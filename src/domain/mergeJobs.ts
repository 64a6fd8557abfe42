import type { JobTable } from './column.ts';
import type { Drift } from './entry.ts';

// Data in, data out: what a page of jobs does to the rows that are stored. Every sink follows these decisions.

/** A stored job, as far as the decision needs it. */
export interface ExistingJob {
  readonly id: string;
  readonly status: string;
  readonly contentHash: string;
  readonly isSettled: boolean;
  readonly isVanished: boolean;
  /** null for a row that no walk has seen. */
  readonly lastSeenWalkId: string | null;
  /** When the row was last written or seen. */
  readonly lastSeenAtMs: number;
}

/** A job of the page. */
export interface IncomingJob {
  readonly key: string;
  /** The same as `key` when the answer left out what tells jobs of one name apart. */
  readonly jobKey: string;
  readonly status: string;
  /** Covers everything of the entry that is stored. */
  readonly contentHash: string;
}

export interface JobInsert<Incoming> {
  readonly incoming: Incoming;
  readonly settles: boolean;
}

export interface JobUpdate<Incoming> {
  readonly existing: ExistingJob;
  readonly incoming: Incoming;
  /** The job becomes terminal with this write. */
  readonly settles: boolean;
}

export interface StatusChange<Incoming> {
  readonly incoming: Incoming;
  /** null at the first sight of a job that is still running. */
  readonly from: string | null;
}

export interface MergedJobs<Incoming> {
  readonly inserts: readonly JobInsert<Incoming>[];
  readonly updates: readonly JobUpdate<Incoming>[];
  /** Rows of which only the last sighting is noted; those that had vanished are listed again. */
  readonly seen: readonly { readonly existing: ExistingJob; readonly incoming: Incoming }[];
  readonly changes: readonly StatusChange<Incoming>[];
  readonly drift: readonly Drift[];
  readonly inserted: number;
  readonly updated: number;
  /** inserted + updated + duplicates = jobs given. */
  readonly duplicates: number;
  /** Keys of the jobs that are not settled afterwards, each once. */
  readonly open: readonly string[];
}

/** What a change of an entry's status does to a stored job. */
export type JobDecision =
  /** Already stored, already seen by this walk: nothing is written, so that a replay changes no row. */
  | { readonly kind: 'none' }
  | { readonly kind: 'seen' }
  | { readonly kind: 'update'; readonly settles: boolean }
  /** The job is terminal and the answer says otherwise: the row stands, the contradiction is reported. */
  | { readonly kind: 'left_terminal_state' };

/** The statuses with which a listing settles a job: none, when only tracking has the last word. */
export function settlingOf(
  table: Pick<JobTable, 'settledBy'>,
  terminal: ReadonlySet<string>,
): ReadonlySet<string> {
  return table.settledBy === 'tracking' ? noStatuses : terminal;
}

const noStatuses: ReadonlySet<string> = new Set();

export interface MergeContext {
  /** Statuses that a job never leaves. */
  readonly terminal: ReadonlySet<string>;
  /** Those of them with which this answer settles a job. */
  readonly settling: ReadonlySet<string>;
  readonly walkId: string;
  /** When the answer was asked for. Epoch milliseconds. */
  readonly askedAtMs: number;
}

/**
 * A terminal state never changes; everything else follows the source. An answer that was asked for before the row was
 * last written (a page read ahead, while tracking stored something newer) says nothing any more: the job is only seen.
 */
export function decideJob(
  existing: ExistingJob,
  incoming: IncomingJob,
  context: MergeContext,
): JobDecision {
  const isNews = existing.isVanished || existing.lastSeenWalkId !== context.walkId;
  const unchanged: JobDecision = { kind: isNews ? 'seen' : 'none' };
  if (context.askedAtMs < existing.lastSeenAtMs) return unchanged;
  const isTerminal = existing.isSettled || context.terminal.has(existing.status);
  if (isTerminal && incoming.status !== existing.status) return { kind: 'left_terminal_state' };
  const settles = !existing.isSettled && context.settling.has(incoming.status);
  if (settles || incoming.contentHash !== existing.contentHash) return { kind: 'update', settles };
  return unchanged;
}

/**
 * Entries without what tells jobs of one name apart (SLS may leave out createTime) go to the newest stored job of that name.
 * @param latest the key of that job, by job key
 */
export function withKnownKeys<Incoming extends IncomingJob>(
  incoming: readonly Incoming[],
  latest: ReadonlyMap<string, string>,
): readonly Incoming[] {
  if (latest.size === 0) return incoming;
  return incoming.map((job) => {
    const key = job.key === job.jobKey ? latest.get(job.jobKey) : undefined;
    return key === undefined ? job : { ...job, key };
  });
}

/** The other way round: entries that are not stored under their key, but may be under their name alone. */
export function unkeyedNamesOf(
  incoming: readonly IncomingJob[],
  existing: ReadonlyMap<string, ExistingJob>,
): ReadonlyMap<string, string> {
  return new Map(
    incoming.flatMap(({ key, jobKey }) =>
      key === jobKey || existing.has(key) ? [] : [[jobKey, key] as const],
    ),
  );
}

/**
 * Merges a page into what is stored. A key that comes more than once counts as its last entry, the others as duplicates.
 * @param page.existing the stored jobs among the page's keys, by key
 */
export function mergeJobs<Incoming extends IncomingJob>(
  page: MergeContext & {
    readonly existing: ReadonlyMap<string, ExistingJob>;
    readonly incoming: readonly Incoming[];
  },
): MergedJobs<Incoming> {
  const last = new Map(page.incoming.map((incoming) => [incoming.key, incoming]));
  const inserts: JobInsert<Incoming>[] = [];
  const updates: JobUpdate<Incoming>[] = [];
  const seen: { readonly existing: ExistingJob; readonly incoming: Incoming }[] = [];
  const changes: StatusChange<Incoming>[] = [];
  const drift: Drift[] = [];
  const open: string[] = [];
  let reappeared = 0;

  for (const incoming of last.values()) {
    const existing = page.existing.get(incoming.key);
    if (existing === undefined) {
      const settles = page.settling.has(incoming.status);
      inserts.push({ incoming, settles });
      // A job that was over when it was first seen has had no change that anybody saw.
      if (!page.terminal.has(incoming.status)) changes.push({ incoming, from: null });
      if (!settles) open.push(incoming.key);
      continue;
    }
    const decision = decideJob(existing, incoming, page);
    if (decision.kind === 'update') {
      updates.push({ existing, incoming, settles: decision.settles });
      if (existing.status !== incoming.status) changes.push({ incoming, from: existing.status });
    } else if (decision.kind !== 'none') {
      seen.push({ existing, incoming });
      if (existing.isVanished) reappeared += 1;
    }
    if (decision.kind === 'left_terminal_state') drift.push(leftTerminalState(existing, incoming));
    const isSettled = existing.isSettled || (decision.kind === 'update' && decision.settles);
    if (!isSettled) open.push(incoming.key);
  }

  const inserted = inserts.length;
  const updated = updates.length + reappeared;
  const duplicates = page.incoming.length - inserted - updated;
  return { inserts, updates, seen, changes, drift, inserted, updated, duplicates, open };
}

function leftTerminalState(existing: ExistingJob, incoming: IncomingJob): Drift {
  return {
    path: 'status',
    kind: 'left_terminal_state',
    sample: `${existing.status} -> ${incoming.status}`.slice(0, 200),
  };
}
