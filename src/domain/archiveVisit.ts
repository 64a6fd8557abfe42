import type { JsonValue } from './json.ts';
import { isJsonObject } from './json.ts';

// Data in, data out. What is known of one archive from walk to walk, and when it is asked for again.

/**
 * new: never asked for. stored: its latest content is in the tables. rejected: the service refuses this id. refused: its archive
 * is hostile, damaged or too large. gone: it was stored, and the service has it no more. none: a guessed id that was no id.
 */
const STATUSES = ['new', 'stored', 'rejected', 'refused', 'gone', 'none'] as const;
type ArchiveStatus = (typeof STATUSES)[number];

export interface ArchiveVisits {
  readonly status: ArchiveStatus;
  /** Why it is rejected or refused; null otherwise. */
  readonly reason: string | null;
  /** Of the content that is stored; null while none is. */
  readonly sha256: string | null;
  /** Visits in a row that found nothing new. */
  readonly fruitless: number;
  /** Epoch milliseconds from which it is to be asked for again. */
  readonly dueAtMs: number;
  /** The walk that asked last; null before the first. */
  readonly walkId: string | null;
  /** The id is a guess: refusing it says nothing. */
  readonly isGuess: boolean;
  /** What led to the id where it was discovered. */
  readonly origin: JsonValue;
}

/** How long an archive rests between two visits: `minMs` after the first, twice as long after each fruitless one, `maxMs` at most. */
export interface RecheckBounds {
  readonly minMs: number;
  readonly maxMs: number;
}

/** What a visit found. */
export type VisitFinding =
  | { readonly kind: 'read'; readonly sha256: string }
  /** The service refuses this id. */
  | { readonly kind: 'rejected'; readonly reason: string }
  /** The archive cannot be stored. */
  | { readonly kind: 'refused'; readonly reason: string };

export function newVisits(found: {
  readonly isGuess: boolean;
  readonly origin: JsonValue;
}): ArchiveVisits {
  return {
    ...{ status: 'new', reason: null, sha256: null, fruitless: 0, dueAtMs: 0, walkId: null },
    ...found,
  };
}

/** True when this walk has to ask for the archive: it is due or wanted now, and this walk has not asked yet. */
export function isDue(
  visits: ArchiveVisits,
  at: { readonly nowMs: number; readonly walkId: string; readonly isWanted: boolean },
): boolean {
  if (visits.walkId === at.walkId) return false;
  return at.isWanted || visits.dueAtMs <= at.nowMs;
}

/** What is known after a visit. An archive that was stored once stays known as such, whatever is found later. */
export function afterVisit(
  before: ArchiveVisits,
  finding: VisitFinding,
  at: { readonly nowMs: number; readonly walkId: string; readonly bounds: RecheckBounds },
): ArchiveVisits {
  const { nowMs, walkId, bounds } = at;
  const isNew = finding.kind === 'read' && finding.sha256 !== before.sha256;
  const fruitless = isNew ? 0 : before.fruitless + 1;
  const status = statusAfter(before, finding);
  const restMs = status === 'gone' || status === 'none' ? bounds.maxMs : restOf(fruitless, bounds);
  return {
    ...before,
    status,
    reason: finding.kind === 'read' ? null : finding.reason,
    sha256: finding.kind === 'read' ? finding.sha256 : before.sha256,
    fruitless,
    dueAtMs: nowMs + restMs,
    walkId,
  };
}

function statusAfter(before: ArchiveVisits, finding: VisitFinding): ArchiveStatus {
  if (finding.kind === 'read') return 'stored';
  if (finding.kind === 'refused') return 'refused';
  if (before.sha256 !== null) return 'gone';
  return before.isGuess ? 'none' : 'rejected';
}

function restOf(fruitless: number, { minMs, maxMs }: RecheckBounds): number {
  return Math.min(maxMs, minMs * 2 ** Math.min(fruitless, 30));
}

/** Why a walk over archives is not proven complete; docs/operations.md explains each. */
export const ARCHIVE_INCOMPLETE_REASONS = [
  'archive_rejected',
  'archive_refused',
  'discovery_unproven',
] as const;
export type ArchiveIncompleteReason = (typeof ARCHIVE_INCOMPLETE_REASONS)[number];

/** What keeps a walk from being complete; null when every archive is stored, or known to be no more. */
export function incompleteBecause(
  archives: readonly ArchiveVisits[],
  discovery: { readonly isWhole: boolean },
): ArchiveIncompleteReason | null {
  if (archives.some(({ status }) => status === 'rejected')) return 'archive_rejected';
  if (archives.some(({ status }) => status === 'refused')) return 'archive_refused';
  return discovery.isWhole ? null : 'discovery_unproven';
}

/** Reads back what was stored as JSON; what is none of it begins anew, which loses nothing. */
export function archiveVisitsOf(stored: JsonValue | undefined): ArchiveVisits | null {
  if (!isJsonObject(stored)) return null;
  const { status, reason, sha256, fruitless, dueAtMs, walkId, isGuess, origin } = stored;
  const known = STATUSES.find((candidate) => candidate === status);
  if (known === undefined || !isText(reason) || !isText(sha256) || !isText(walkId)) return null;
  if (typeof fruitless !== 'number' || typeof dueAtMs !== 'number') return null;
  return {
    ...{ status: known, reason, sha256, fruitless, dueAtMs, walkId },
    ...{ isGuess: isGuess === true, origin: origin ?? null },
  };
}

function isText(value: JsonValue | undefined): value is string | null {
  return value === null || typeof value === 'string';
}

/** The same as JSON. */
export function archiveVisitsJson(visits: ArchiveVisits): JsonValue {
  return { ...visits };
}
