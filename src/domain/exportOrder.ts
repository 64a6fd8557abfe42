// Data in, data out: what an export is ordered with, and whether two orders are the same.

/** Source: API page CreateDownloadJob (November 2026). */
export const EXPORT_FORMATS = ['csv', 'json'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** Source: API page CreateDownloadJob (November 2026). */
export const EXPORT_COMPRESSIONS = ['none', 'gzip', 'lz4', 'zstd'] as const;
export type ExportCompression = (typeof EXPORT_COMPRESSIONS)[number];

/** What is exported, in which form. */
export interface ExportSpec {
  readonly logstore: string;
  readonly query: string;
  /** Whole seconds; the range is [fromMs, toMs), fromMs < toMs. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly format: ExportFormat;
  readonly compression: ExportCompression;
  /** Whether Dedicated SQL is used; billed by CPU time. */
  readonly powerSql: boolean;
  readonly allowIncomplete: boolean;
  /** Where the service writes the file. null: where it does so by itself. */
  readonly roleArn: string | null;
  readonly bucket: string | null;
  readonly prefix: string | null;
}

/** A spec under the name that its job has at the service. */
export interface ExportOrder extends ExportSpec {
  /** See `isJobName`. */
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
}

/** The parameters in which two specs differ, as the command line calls them. Blanks around and in a query make no difference. */
export function differencesOf(one: ExportSpec, other: ExportSpec): readonly string[] {
  const pairs: readonly (readonly [name: string, a: unknown, b: unknown])[] = [
    ['logstore', one.logstore, other.logstore],
    ['query', sameBlanks(one.query), sameBlanks(other.query)],
    ['from', one.fromMs, other.fromMs],
    ['to', one.toMs, other.toMs],
    ['format', one.format, other.format],
    ['compression', one.compression, other.compression],
    ['power-sql', one.powerSql, other.powerSql],
    ['allow-incomplete', one.allowIncomplete, other.allowIncomplete],
    ['role-arn', one.roleArn, other.roleArn],
    ['bucket', one.bucket, other.bucket],
    ['prefix', one.prefix, other.prefix],
  ];
  return pairs.flatMap(([name, a, b]) => (a === b ? [] : [name]));
}

const mark = /\[[0-9a-z]{10}\]$/;

/**
 * A description that nobody else gives: a job that bears it is the order's own, however the service writes the rest of it.
 * @param random 0 <= r < 1
 */
export function markedDescription(text: string, random: number): string {
  const digits = Math.floor(random * 36 ** 10).toString(36);
  return `${text} [${digits.padStart(10, '0')}]`;
}

/** True when a job's description proves that it was made for this order. */
export function bearsMark(description: unknown, order: Pick<ExportOrder, 'description'>): boolean {
  return mark.test(order.description) && description === order.description;
}

/** The query with every run of blanks as one: services reformat what they are given. */
export function sameBlanks(query: string): string {
  return query.trim().replaceAll(/\s+/g, ' ');
}
