import { afterRead, isDue, ownerStateOf } from '../domain/ownedList.ts';
import type { OwnerSighting, OwnerState, OwnerTiming } from '../domain/ownedList.ts';
import type { JobEntry } from '../domain/entry.ts';
import type { JsonValue } from '../domain/json.ts';
import { SourceError } from '../providers/sourceError.ts';
import { countOwnedList } from './countOwnedList.ts';
import { listOwners } from './listOwners.ts';
import { createOwnedListWriter, type OwnedListWriter } from './ownedListWriter.ts';
import type { OwnedListStream } from './ports.ts';
import type { BegunWalk, Reading, ReadingEnd, WalkDeps } from './reading.ts';

/**
 * Reads the lists of a stream's owners: asks which owners there are and how they stand, and reads the list of each whose turn it
 * is. One owner whose list cannot be read does not keep the others from being read; the walk then fails when they are.
 */
export function readOwnedLists(deps: WalkDeps, stream: OwnedListStream, begun: BegunWalk): Reading {
  const writer = createOwnedListWriter(deps, stream, begun);
  return {
    walk: () => writer.walk(),
    read: (signal) => read({ deps, stream, writer }, signal),
  };
}

interface Context {
  readonly deps: WalkDeps;
  readonly stream: OwnedListStream;
  readonly writer: OwnedListWriter;
}

async function read(context: Context, signal: AbortSignal): Promise<ReadingEnd | 'moved'> {
  const { deps, stream, writer } = context;
  const known = statesOf(await deps.sink.partitionStates(stream.streamId));
  const found = await listOwners(deps, { stream, known, writer }, signal);
  if (found === 'moved') return 'moved';
  if (found.doubt !== null) writer.doubt(found.doubt);

  let failure: SourceError | null = null;
  for (const owner of found.owners) {
    const state = known.get(owner.key);
    if (!isDue(state, sightingOf(stream, owner), deps.clock.nowMs())) continue;
    try {
      if ((await readOne(context, { owner, state }, signal)) === 'moved') return 'moved';
    } catch (error) {
      // Keys, quota and network concern every owner alike; these two may be this one's own.
      const isItsOwn =
        error instanceof SourceError && (error.kind === 'drift' || error.kind === 'rejected');
      if (!isItsOwn || signal.aborted) throw error;
      failure ??= error;
    }
  }
  for (const id of found.gone) {
    if ((await forget(context, id, known.get(id))) === 'moved') return 'moved';
  }
  if (failure !== null) throw failure;
  if (found.missing.length > 0) throw missing(stream, found.missing);
  return { incomplete: writer.doubts() };
}

async function readOne(
  context: Context,
  { owner, state }: { readonly owner: JobEntry; readonly state: OwnerState | undefined },
  signal: AbortSignal,
): Promise<'stored' | 'moved'> {
  const { deps, stream, writer } = context;
  const begunAtMs = deps.clock.nowMs();
  let counted: Awaited<ReturnType<typeof countOwnedList>>;
  try {
    counted = await countOwnedList(deps, { stream, writer, ownerId: owner.key }, signal);
  } catch (error) {
    if (!(error instanceof SourceError) || error.kind !== 'rejected') throw error;
    const { status, code } = error.detail;
    if (!stream.source.isGone({ status, code })) throw error;
    return forget(context, owner.key, state);
  }
  if (counted === 'moved') return 'moved';
  if (counted.doubt !== null) writer.doubt(counted.doubt);
  const next = afterRead(state, sightingOf(stream, owner), {
    begunAtMs,
    isCertain: counted.doubt === null,
    timing: timingOf(stream),
  });
  if ((await writer.storeOwners([owner], new Map([[owner.key, next]]))) === 'moved') return 'moved';
  if (next.closedAtMs !== null) {
    const facts = { event: 'list_closed', stream: stream.name, owner: owner.key };
    deps.log.info({ ...facts, status: owner.status }, 'list read to its end and closed');
  }
  // The row comes first: a crash in between reads the list once more, and writes the row again.
  return writer.storeState(owner.key, next);
}

/** The provider does not know it any more: what is stored of it stands, nothing is asked again. */
async function forget(
  { deps, stream, writer }: Context,
  id: string,
  state: OwnerState | undefined,
): Promise<'stored' | 'moved'> {
  const nowMs = deps.clock.nowMs();
  const { table } = stream.source.owners;
  await deps.sink.markVanished({ table, streamId: stream.streamId, entryKey: id, nowMs });
  const facts = { event: 'job_vanished', stream: stream.name, job: id };
  deps.log.info(facts, 'job is gone at the provider');
  const gone = state ?? { firstSeenAtMs: nowMs, endSeenAtMs: null, lastReadAtMs: null };
  return writer.storeState(id, { ...gone, nextReadAtMs: nowMs, closedAtMs: nowMs });
}

function statesOf(stored: ReadonlyMap<string, JsonValue>): ReadonlyMap<string, OwnerState> {
  return new Map(
    [...stored].flatMap(([id, json]) => {
      const state = ownerStateOf(json);
      return state === undefined ? [] : [[id, state] as const];
    }),
  );
}

function sightingOf({ source }: OwnedListStream, owner: JobEntry): OwnerSighting {
  const timeOf = (column: string): number | null => {
    const value = owner.columns[column];
    return typeof value === 'number' ? value : null;
  };
  return {
    isTerminal: source.owners.terminal.has(owner.status),
    startedAtMs: timeOf('started_at'),
    endedAtMs: timeOf('ended_at'),
  };
}

function timingOf({ source, settings, track }: OwnedListStream): OwnerTiming {
  return { ...track, settleMs: source.owners.settleMs(settings) };
}

function missing({ name, account, source }: OwnedListStream, ids: readonly string[]): SourceError {
  const { noun } = source.owners;
  const shown = ids.slice(0, 5).join(', ') + (ids.length > 5 ? ' ...' : '');
  return new SourceError(
    'rejected',
    `stream ${name} names what account ${account} does not have in its region: ${noun} ${shown}; ` +
      'check the ids, the account and its region. The others were read',
    { detail: { api: noun } },
  );
}
