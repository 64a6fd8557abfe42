import type { JobEntry } from '../domain/entry.ts';
import { isAtRest, type ListDoubt, type OwnerState } from '../domain/ownedList.ts';
import type { OwnersAsked } from '../sources/source.ts';
import type { OwnedListWriter } from './ownedListWriter.ts';
import type { OwnedListStream } from './ports.ts';
import type { RetryDeps } from './retrying.ts';
import { tokenPages } from './tokenPages.ts';

interface Wanted {
  readonly stream: OwnedListStream;
  readonly known: ReadonlyMap<string, OwnerState>;
  readonly writer: OwnedListWriter;
}

export interface FoundOwners {
  /** As they stand now, each stored. Closed ones may be among them. */
  readonly owners: readonly JobEntry[];
  /** Named in the configuration, and never known by the provider. */
  readonly missing: readonly string[];
  /** Known from earlier walks, and gone at the provider. */
  readonly gone: readonly string[];
  /** Why owners may have been overlooked; null when none was. */
  readonly doubt: ListDoubt | null;
}

/**
 * Which owners a stream has now, and how they stand: those that the configuration names, or those that its filters select, and
 * with these the open ones of earlier walks that the filters do not select any more. Owners at rest are not asked for one by one.
 */
export async function listOwners(
  deps: RetryDeps,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<FoundOwners | 'moved'> {
  const { stream, known } = wanted;
  const named = stream.source.owners.named(stream.settings);
  const selected = named === null ? await select(deps, wanted, signal) : nothingSelected;
  if (selected === 'moved') return 'moved';
  const nowMs = deps.clock.nowMs();
  const asked = (named ?? [...known.keys()]).filter(
    (id) => !selected.owners.has(id) && !isAtRest(known.get(id), nowMs),
  );
  const owners = new Map(selected.owners);
  const unknown: string[] = [];
  for (const id of new Set(asked)) {
    const page = await listPass(deps, wanted, { kind: 'one', id }, signal);
    if (page === 'moved') return 'moved';
    const owner = page.get(id);
    if (owner === undefined) unknown.push(id);
    else owners.set(id, owner);
  }
  return {
    owners: [...owners.values()],
    missing: unknown.filter((id) => !known.has(id)),
    gone: unknown.filter((id) => known.has(id)),
    doubt: selected.doubt,
  };
}

interface Selected {
  readonly owners: ReadonlyMap<string, JobEntry>;
  readonly doubt: ListDoubt | null;
}

const nothingSelected: Selected = { owners: new Map(), doubt: null };
const passesMax = 4;

/**
 * Owners leave the filters while they are listed (a status changes), and a page border that moves forward skips one. One answer
 * skips nothing; over several pages, two passes in a row that find the same owners do: one that was skipped was skipped because
 * another had gone, and that one is in the first pass and not in the second.
 */
async function select(
  deps: RetryDeps,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<Selected | 'moved'> {
  const asked = { kind: 'selected', nowMs: deps.clock.nowMs() } as const;
  const owners = new Map<string, JobEntry>();
  let before: ReadonlyMap<string, JobEntry> | null = null;
  for (let pass = 1; pass <= passesMax; pass++) {
    const progress = { pages: 0 };
    const found = await listPass(deps, wanted, asked, signal, () => progress.pages++);
    if (found === 'moved') return 'moved';
    for (const [id, owner] of found) owners.set(id, owner);
    const isSame = before?.size === found.size && [...found.keys()].every((id) => before?.has(id));
    if (progress.pages === 1 || isSame) return { owners, doubt: null };
    before = found;
  }
  return { owners, doubt: 'selection_moved' };
}

/** One pass over a listing of owners, each page stored as it comes. */
async function listPass(
  deps: RetryDeps,
  { stream, known, writer }: Wanted,
  at: OwnersAsked,
  signal: AbortSignal,
  onPage: () => void = () => undefined,
): Promise<ReadonlyMap<string, JobEntry> | 'moved'> {
  const { listing } = stream.source.owners;
  const found = new Map<string, JobEntry>();
  for await (const page of tokenPages(deps, { stream, listing, at }, signal)) {
    if (page.isFirst) found.clear();
    onPage();
    if (page.isCutOff) writer.doubt('token_missing');
    const entries = page.entries.flatMap((reading) =>
      reading.kind === 'entry' ? [reading.entry] : [],
    );
    for (const entry of entries) found.set(entry.key, entry);
    const rejected = page.entries.flatMap((reading) =>
      reading.kind === 'rejected' ? [reading.entry] : [],
    );
    const drift = [...page.drift, ...page.entries.flatMap((reading) => reading.drift)];
    const stored = await writer.storeOwners(entries, known, { ...page, rejected, drift });
    if (stored === 'moved') return 'moved';
  }
  return found;
}
