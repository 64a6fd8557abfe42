import type { HostileArchive } from './archives.ts';
import { hostileArchive } from './archives.ts';
import { plausibleLine } from './plausibleLog.ts';
import { zipOf } from './zip.ts';

/** What the archive of a sub-job holds. */
export type ArchiveSpec =
  /** A plausible log of a code check, spread over `entries` files. The times in it are of UTC+8, and do not say so. */
  | {
      readonly kind: 'log';
      readonly seed: string;
      readonly lines: number;
      readonly entries?: number;
      readonly startedAtMs: number;
    }
  | { readonly kind: 'hostile'; readonly archive: HostileArchive }
  /** As it is, ZIP or not. */
  | { readonly kind: 'bytes'; readonly bytes: Buffer };

/** A line as an honest reader finds it. */
export interface TrueLine {
  readonly entryName: string;
  /** From 1. */
  readonly lineNumber: number;
  readonly text: string;
}

const CHINA_MS = 8 * 3_600_000;
const ENTRY_NAMES = [
  'check/scan.log',
  'check/git-clone.log',
  'engine/日志.log',
  'engine/rules.log',
];

/** The lines of a plausible log; none for the others, of which nothing may be stored or only the test knows what. */
export function trueLinesOf(spec: ArchiveSpec): readonly TrueLine[] {
  if (spec.kind !== 'log') return [];
  return logEntries(spec).flatMap(({ name, lines }) =>
    lines.map((text, index) => ({ entryName: name, lineNumber: index + 1, text })),
  );
}

/** The bytes that the download of this archive sends. */
export function archiveBytes(spec: ArchiveSpec): Buffer {
  switch (spec.kind) {
    case 'log':
      return zipOf(
        logEntries(spec).map(({ name, lines }) => ({
          name,
          data: Buffer.from(lines.map((line) => `${line}\n`).join(''), 'utf8'),
        })),
      );
    case 'hostile':
      return hostileArchive(spec.archive);
    case 'bytes':
      return spec.bytes;
  }
}

function logEntries(spec: Extract<ArchiveSpec, { kind: 'log' }>) {
  const count = spec.entries ?? 2;
  return Array.from({ length: count }, (_, entry) => {
    const lines = Math.floor(spec.lines / count) + (entry < spec.lines % count ? 1 : 0);
    return {
      name: ENTRY_NAMES[entry] ?? `engine/part-${entry}.log`,
      lines: Array.from({ length: lines }, (_line, number) =>
        plausibleLine(`${spec.seed}/${entry}`, number, spec.startedAtMs + CHINA_MS),
      ),
    };
  });
}
