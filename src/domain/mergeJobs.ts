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
}

/** A job of the page. */
export interface IncomingJob {
  readonly key: string;
  readonly status: string;
  /** Covers everything of the entry that is stored. */
  readonly contentHash: string;
}

export interface JobInsert<Incoming> {
  readonly incoming: Incoming;
  readonly isTerminal: boolean;
}

export interface JobUpdate<Incoming> {
  readonly existing: ExistingJob;
  readonly incoming: Incoming;
  /** The job becomes terminal with this write. */
  readonly settles: boolean;
}

export interface StatusChange<Incoming> {
  readonly incoming: Incoming;
  /** null at the first sight of the job. */
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
  /** Keys of the jobs that are not terminal afterwards, each once. */
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

/** A terminal state never changes; everything else follows the source. */
export function decideJob(
  existing: ExistingJob,
  incoming: IncomingJob,
  context: { readonly terminal: ReadonlySet<string>; readonly walkId: string },
): JobDecision {
  const isTerminal = existing.isSettled || context.terminal.has(existing.status);
  if (isTerminal && incoming.status !== existing.status) return { kind: 'left_terminal_state' };
  const settles = !existing.isSettled && context.terminal.has(incoming.status);
  if (settles || incoming.contentHash !== existing.contentHash) return { kind: 'update', settles };
  const isNews = existing.isVanished || existing.lastSeenWalkId !== context.walkId;
  return { kind: isNews ? 'seen' : 'none' };
}

/**
 * Merges a page into what is stored. A key that comes more than once counts as its last entry, the others as duplicates.
 * @param page.existing the stored jobs among the page's keys, by key
 */
export function mergeJobs<Incoming extends IncomingJob>(page: {
  readonly existing: ReadonlyMap<string, ExistingJob>;
  readonly incoming: readonly Incoming[];
  readonly terminal: ReadonlySet<string>;
  readonly walkId: string;
}): MergedJobs<Incoming> {
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
      const isTerminal = page.terminal.has(incoming.status);
      inserts.push({ incoming, isTerminal });
      changes.push({ incoming, from: null });
      if (!isTerminal) open.push(incoming.key);
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
