import type { LogEntry, RejectedEntry } from '../domain/entry.ts';
import { judgePasses, type Pass } from '../domain/listPasses.ts';
import { occurrenceCounter } from '../domain/multiset.ts';
import type { ListDoubt } from '../domain/ownedList.ts';
import type { OwnedReading } from '../sources/source.ts';
import { hashKeyOf } from './entryKey.ts';
import type { OwnedListWriter } from './ownedListWriter.ts';
import type { OwnedListStream } from './ports.ts';
import type { RetryDeps } from './retrying.ts';
import { tokenPages, type PassPage } from './tokenPages.ts';

interface List {
  readonly stream: OwnedListStream;
  readonly writer: OwnedListWriter;
  readonly ownerId: string;
}

type Entry = OwnedReading & { readonly kind: 'entry' };

/** Passes over one list in one walk. A list that grows faster than it can be counted is read on at the next tick. */
const passesMax = 4;

/**
 * Reads one owner's list until every entry that it held at the beginning is stored once, twins counted: see domain/listPasses.ts.
 * Each page is stored as it comes, with what it shows by itself; what only the passes together prove is added at the end.
 * @returns `doubt`: why something may be missing, null when nothing is
 * @throws SourceError when the list cannot be read; what is stored stays
 */
export async function countOwnedList(
  deps: RetryDeps,
  list: List,
  signal: AbortSignal,
): Promise<{ readonly doubt: ListDoubt | null } | 'moved'> {
  const passes: Pass[] = [];
  while (passes.length < passesMax) {
    const pass = await readPass(deps, list, signal);
    if (pass === 'moved') return 'moved';
    if (pass.isCutOff) return { doubt: 'token_missing' };
    passes.push(pass.pages);
    const verdict = judgePasses(passes);
    if (verdict.kind === 'uncertain') continue;
    const twins = [...verdict.counts].flatMap(([content, count]) => {
      const entry = pass.parted.get(content);
      if (entry === undefined) return [];
      return Array.from({ length: count }, (_, n) => logEntryOf(list.ownerId, entry, n + 1));
    });
    if (twins.length === 0) return { doubt: null };
    const stored = await list.writer.storeEntries(twins, noCost);
    return stored === 'moved' ? 'moved' : { doubt: null };
  }
  return { doubt: 'list_growing' };
}

const noCost = { requests: 0, restarts: 0, rejected: [], drift: [] } as const;

interface ReadPass {
  /** The hashed contents of each page. */
  readonly pages: Pass;
  /** By hashed content, an entry of each that stands on more than one page. */
  readonly parted: ReadonlyMap<string, Entry>;
  readonly isCutOff: boolean;
}

async function readPass(
  deps: RetryDeps,
  { stream, writer, ownerId }: List,
  signal: AbortSignal,
): Promise<ReadPass | 'moved'> {
  const { listing } = stream.source;
  const pages: string[][] = [];
  const met = new Set<string>();
  const parted = new Map<string, Entry>();
  for await (const page of tokenPages(deps, { stream, listing, at: { ownerId } }, signal)) {
    if (page.isFirst) {
      pages.length = 0;
      met.clear();
    }
    const entries = page.entries.flatMap((reading) => (reading.kind === 'entry' ? [reading] : []));
    const contents = entries.map(({ content }) => hashKeyOf([content]));
    const nth = occurrenceCounter();
    const rows = entries.map((entry, n) => logEntryOf(ownerId, entry, nth(contents[n] ?? '')));
    if ((await writer.storeEntries(rows, answerOf(page))) === 'moved') return 'moved';
    entries.forEach((entry, n) => {
      const content = contents[n] ?? '';
      if (met.has(content)) parted.set(content, entry);
    });
    for (const content of contents) met.add(content);
    pages.push(contents);
    if (page.isCutOff) return { pages, parted, isCutOff: true };
  }
  return { pages, parted, isCutOff: false };
}

function logEntryOf(ownerId: string, { content, columns, raw }: Entry, nth: number): LogEntry {
  return {
    key: hashKeyOf([ownerId, content, nth]),
    columns: { ...columns, occurrence: nth },
    raw,
  };
}

function answerOf(page: PassPage<OwnedReading>) {
  const rejected: readonly RejectedEntry[] = page.entries.flatMap((reading) =>
    reading.kind === 'rejected' ? [reading.entry] : [],
  );
  const drift = [...page.drift, ...page.entries.flatMap((reading) => reading.drift)];
  return { requests: page.requests, restarts: page.restarts, rejected, drift };
}
