import type { Drift, JobEntry, LogEntry, RejectedEntry } from '../domain/entry.ts';
import type { JsonValue } from '../domain/json.ts';
import { LIST_DOUBTS, type ListDoubt, type OwnerState } from '../domain/ownedList.ts';
import type { EntryFinish } from '../sinks/entrySink.ts';
import type { WalkRef } from '../sinks/sink.ts';
import type { OwnedListStream } from './ports.ts';
import type { BegunWalk, WalkDeps } from './reading.ts';

type Stored = 'stored' | 'moved';

/** What an answer cost, and what of it is no entry. */
interface Answer {
  readonly requests: number;
  readonly restarts: number;
  readonly rejected: readonly RejectedEntry[];
  readonly drift: readonly Drift[];
}

/** Stores what a walk over owned lists reads, each call one transaction under the walk's fence. */
export interface OwnedListWriter {
  /** Owners as they were just seen, with what `states` says of their reading. */
  storeOwners(
    owners: readonly JobEntry[],
    states: ReadonlyMap<string, OwnerState>,
    answer?: Answer,
  ): Promise<Stored>;
  storeEntries(entries: readonly LogEntry[], answer: Answer): Promise<Stored>;
  /** What is remembered of an owner for the next walks. */
  storeState(ownerId: string, state: OwnerState): Promise<Stored>;
  /** Notes why the walk is not proven complete; the first reason stands, also when the walk is resumed. */
  doubt(reason: ListDoubt): void;
  doubts(): ListDoubt | null;
  /** The walk as of the last write that is stored. */
  walk(): WalkRef;
}

const noAnswer: Answer = { requests: 0, restarts: 0, rejected: [], drift: [] };

export function createOwnedListWriter(
  deps: WalkDeps,
  stream: OwnedListStream,
  begun: BegunWalk,
): OwnedListWriter {
  const { sink, clock } = deps;
  const { owners: source, table } = stream.source;
  let walk = begun.walk;
  let reason = doubtIn(begun.state);
  let restarts = 0;
  let entries = 0;
  let inserted = 0;

  const state = (): JsonValue => ({ doubt: reason });

  async function append(
    batch: readonly LogEntry[],
    { requests, restarts: more, rejected, drift }: Answer,
    partitions?: EntryFinish['partitions'],
  ): Promise<Stored> {
    const stored = await sink.appendEntries({
      streamId: stream.streamId,
      table,
      batches: [{ entries: batch, rejected, drift }],
      finish: () => ({
        ...{ walk, state: state(), cost: { requests, restarts: more } },
        ...(partitions === undefined ? {} : { partitions }),
      }),
      nowMs: clock.nowMs(),
    });
    if (stored.kind !== 'stored') return 'moved';
    walk = stored.walk;
    restarts += more;
    entries += batch.length;
    inserted += stored.inserted;
    return 'stored';
  }

  return {
    storeOwners: async (given, states, answer = noAnswer) => {
      restarts += answer.restarts;
      const nowMs = clock.nowMs();
      const stored = await sink.appendJobs({
        ...{ walk, table: source.table, terminal: source.terminal, state: state() },
        entries: given.map((owner) => withReading(owner, states.get(owner.key))),
        ...{ rejected: answer.rejected, drift: answer.drift },
        ...{ requests: answer.requests, restarts, totalReported: null },
        ...{ askedAtMs: nowMs, nowMs },
      });
      if (stored.kind === 'moved') return 'moved';
      walk = stored.walk;
      return 'stored';
    },
    storeEntries: async (batch, answer) => {
      const stored = await append(batch, answer);
      const facts = { event: 'page_stored', stream: stream.name, walkId: walk.walkId };
      deps.log.debug({ ...facts, entries, inserted }, 'page stored');
      deps.onProgress?.({ stream: stream.name, entries, inserted, totalReported: null });
      return stored;
    },
    storeState: (ownerId, owner) => append([], noAnswer, new Map([[ownerId, { ...owner }]])),
    doubt: (given) => {
      reason ??= given;
    },
    doubts: () => reason,
    walk: () => walk,
  };
}

/** The columns of an owner that tell of its reading: see OwnedListSource.owners.table. */
function withReading(owner: JobEntry, state: OwnerState | undefined): JobEntry {
  const columns = {
    last_read_at: state?.lastReadAtMs ?? null,
    next_read_at: state === undefined || state.closedAtMs !== null ? null : state.nextReadAtMs,
    closed_at: state?.closedAtMs ?? null,
  };
  return { ...owner, columns: { ...owner.columns, ...columns } };
}

function doubtIn(stored: JsonValue | null): ListDoubt | null {
  if (typeof stored !== 'object' || stored === null || Array.isArray(stored)) return null;
  const { doubt } = stored as Readonly<Record<string, JsonValue>>;
  return LIST_DOUBTS.find((known) => known === doubt) ?? null;
}
