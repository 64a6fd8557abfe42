// Data in, data out. How the loading of an exported file has ended.

/** Why the file of a job is incomplete or failed: what its reason begins with. docs/operations.md explains each. */
export const FILE_REASONS = [
  'rows_differ',
  'wrong_size',
  'wrong_checksum',
  'file_too_large',
  'no_link',
  'not_a_link',
  'no_file',
  'refused',
  'job_gone',
  'unknown_format',
  'no_header',
  'damaged',
  'too_large',
  'ratio_too_high',
] as const;
/** One of them, and what is to be said about it. */
export type FileReason = `${(typeof FILE_REASONS)[number]}: ${string}`;

export type ExportEnding =
  | { readonly status: 'loaded'; readonly reason: null }
  | { readonly status: 'incomplete' | 'failed'; readonly reason: FileReason };

/** Why a file could not be read to its end. `isHostile`: what was read of it is not to be trusted either. */
export interface ExportRefusal {
  readonly reason: FileReason;
  readonly isHostile: boolean;
}

/**
 * A file is loaded when every record of it is stored and as many as the provider says it has. What was read of a file that ends
 * early stands, as incomplete. Without a count of the provider there is nothing to compare with.
 */
export function exportEnding(read: {
  readonly rows: number;
  readonly rejected: number;
  /** Decimal text; null when the provider does not say. */
  readonly logCount: string | null;
  readonly refusal: ExportRefusal | null;
}): ExportEnding {
  const { rows, rejected, logCount, refusal } = read;
  if (refusal !== null) {
    const { reason, isHostile } = refusal;
    if (isHostile || rows === 0) return { status: 'failed', reason };
    return { status: 'incomplete', reason: `${reason}; ${countsOf(read)}` };
  }
  const isWhole = rejected === 0 && (logCount === null || BigInt(logCount) === BigInt(rows));
  return isWhole
    ? { status: 'loaded', reason: null }
    : { status: 'incomplete', reason: `rows_differ: ${countsOf(read)}` };
}

function countsOf({
  rows,
  rejected,
  logCount,
}: {
  readonly rows: number;
  readonly rejected: number;
  readonly logCount: string | null;
}): string {
  const told = logCount === null ? 'the service names no count' : `log_count says ${logCount}`;
  return `${rows} rows loaded, ${rejected} rejected, ${told}`;
}
