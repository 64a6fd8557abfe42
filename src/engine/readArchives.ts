import { ArchiveRefused } from '../domain/archiveFault.ts';
import {
  afterVisit,
  archiveVisitsJson,
  archiveVisitsOf,
  incompleteBecause,
  isDue,
  newVisits,
  type ArchiveVisits,
  type VisitFinding,
} from '../domain/archiveVisit.ts';
import type { JsonValue } from '../domain/json.ts';
import { isJsonObject } from '../domain/json.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { FileFinish, FileOutcome, WalkRef } from '../sinks/sink.ts';
import { discoverArchives } from './discoverArchives.ts';
import { FileTooLarge, type FetchedFile } from './filePort.ts';
import { openAnswer } from './openAnswer.ts';
import type { ArchiveStream } from './ports.ts';
import type { BegunWalk, Reading, WalkDeps } from './reading.ts';
import { retrying } from './retrying.ts';

/** After so many archives in a row that could not be had, it is the cloud that is away: the walk is tried again later. */
const troublesInRowMax = 3;
/** Partitions of a stream are keys, and with this in front the tasks that were looked through. */
const taskPrefix = 'task ';

/**
 * Reads the archives of a stream, those that are due: each is stored with all its lines and its position in one transaction. An
 * archive that cannot be had does not keep the others back.
 */
export function readArchives(deps: WalkDeps, stream: ArchiveStream, begun: BegunWalk): Reading {
  const writer = archiveWriter(deps, stream, begun.walk);
  return {
    walk: () => writer.walk(),
    read: async (signal) => {
      const known = await knownArchives(deps, stream);
      const noted = await noteDiscovered(deps, { stream, known, writer }, signal);
      if (noted === 'moved') return 'moved';
      const { source, settings, wantedKeys = [] } = stream;
      const keys = new Set([...source.keys(settings), ...wantedKeys, ...known.discovered]);
      let troubles = 0;
      let lastTrouble: SourceError | null = null;
      for (const key of keys) {
        const nowMs = deps.clock.nowMs();
        const visits = known.archives.get(key) ?? newVisits({ isGuess: false, origin: null });
        known.archives.set(key, visits);
        const isWanted = wantedKeys.includes(key);
        if (!isDue(visits, { nowMs, walkId: begun.walk.walkId, isWanted })) continue;
        try {
          const visited = await writer.visit(key, visits, signal);
          if (visited === 'moved') return 'moved';
          known.archives.set(key, visited);
          troubles = 0;
        } catch (error) {
          if (signal.aborted || !isPassing(error)) throw error;
          lastTrouble = error;
          troubles += 1;
          if (troubles >= troublesInRowMax) throw error;
        }
      }
      if (lastTrouble !== null) throw lastTrouble;
      const archives = [...keys].flatMap((key) => known.archives.get(key) ?? []);
      return { incomplete: incompleteBecause(archives, noted) };
    },
  };
}

/** A failure of one archive's download that another walk may not meet again. */
function isPassing(error: unknown): error is SourceError {
  return error instanceof SourceError && (error.kind === 'transient' || error.kind === 'drift');
}

interface Known {
  /** By key. */
  readonly archives: Map<string, ArchiveVisits>;
  /** Keys that were discovered, now or in a walk before. */
  readonly discovered: Set<string>;
  readonly tasks: Map<string, string | null>;
}

async function knownArchives(deps: WalkDeps, stream: ArchiveStream): Promise<Known> {
  const known: Known = { archives: new Map(), discovered: new Set(), tasks: new Map() };
  for (const [partition, state] of await deps.sink.partitionStates(stream.streamId)) {
    if (partition.startsWith(taskPrefix)) {
      const version = isJsonObject(state) ? state['version'] : null;
      known.tasks.set(
        partition.slice(taskPrefix.length),
        typeof version === 'string' ? version : null,
      );
      continue;
    }
    const visits = archiveVisitsOf(state);
    if (visits === null) continue;
    known.archives.set(partition, visits);
    if (visits.origin !== null) known.discovered.add(partition);
  }
  return known;
}

/** Looks for new archives where that is configured, and keeps what was found before anything is fetched. */
async function noteDiscovered(
  deps: WalkDeps,
  to: { readonly stream: ArchiveStream; readonly known: Known; readonly writer: ArchiveWriter },
  signal: AbortSignal,
): Promise<{ readonly isWhole: boolean } | 'moved'> {
  const { stream, known, writer } = to;
  if (stream.source.discovery.projects(stream.settings).length === 0) {
    known.discovered.clear();
    return { isWhole: true };
  }
  const look = { stream, knownVersions: known.tasks };
  const found = await discoverArchives(deps, look, signal);
  const partitions = new Map<string, JsonValue>();
  for (const { key, isGuess, origin } of found.keys) {
    known.discovered.add(key);
    if (known.archives.has(key)) continue;
    const visits = newVisits({ isGuess, origin });
    known.archives.set(key, visits);
    partitions.set(key, archiveVisitsJson(visits));
  }
  for (const [task, version] of found.tasks) partitions.set(`${taskPrefix}${task}`, { version });
  if (partitions.size === 0) return found;
  const kept = await writer.note({ partitions, requests: found.requests });
  return kept === 'moved' ? 'moved' : found;
}

/** Fetches and stores under the walk's fence. */
interface ArchiveWriter {
  /** Stores positions alone. */
  note(of: Noted): Promise<'stored' | 'moved'>;
  /** Asks for one archive and stores what is found. @throws SourceError when nothing was found out about it */
  visit(key: string, before: ArchiveVisits, signal: AbortSignal): Promise<ArchiveVisits | 'moved'>;
  /** The walk as of the last write that is stored. */
  walk(): WalkRef;
}

interface Noted {
  readonly partitions: ReadonlyMap<string, JsonValue>;
  readonly requests: number;
  readonly rejected?: FileFinish['rejected'];
}

function archiveWriter(deps: WalkDeps, stream: ArchiveStream, begun: WalkRef): ArchiveWriter {
  const { source, settings } = stream;
  const bounds = source.recheck(settings);
  const limits = source.limits(settings);
  const rowOf = source.rows(settings);
  let walk = begun;
  let [lines, stored] = [0, 0];

  const progress = (): void => {
    const { name } = stream;
    deps.onProgress?.({ stream: name, entries: lines, inserted: stored, totalReported: null });
  };

  const received = (outcome: FileOutcome): 'stored' | 'moved' => {
    if (outcome.kind === 'moved') return 'moved';
    if (outcome.kind === 'stored') {
      walk = outcome.walk;
      stored += outcome.rows;
    }
    return 'stored';
  };

  const note = async ({ partitions, requests, rejected = [] }: Noted) =>
    received(
      await deps.sink.storeFile({
        ...{ streamId: stream.streamId, table: source.table, file: null, rows: noRows() },
        finish: () => ({
          ...{ walk, state: null, partitions, cost: { requests } },
          ...{ columns: {}, raw: null, rejected, drift: [] },
        }),
        nowMs: deps.clock.nowMs(),
      }),
    );

  const store = async (
    key: string,
    file: FetchedFile,
    of: { readonly before: ArchiveVisits; readonly requests: number },
  ): Promise<ArchiveVisits | 'moved'> => {
    const { bytes, sha256, headers } = file;
    const nowMs = deps.clock.nowMs();
    const at = { nowMs, walkId: walk.walkId, bounds };
    const after = afterVisit(of.before, { kind: 'read', sha256 }, at);
    const reading = deps.files.readArchive(file, limits);
    async function* rows() {
      for await (const batch of reading.lines) {
        yield batch.map(({ entry, lineNumber, text, cutBytes }) =>
          rowOf({ entryNumber: entry.number, entryName: entry.name, lineNumber, text, cutBytes }),
        );
        lines += batch.length;
        progress();
      }
    }
    const outcome = await deps.sink.storeFile({
      ...{ streamId: stream.streamId, table: source.table, file: { key, sha256, bytes } },
      ...{ rows: rows(), nowMs },
      finish: () => ({
        ...{ walk, state: null, cost: { requests: of.requests }, rejected: [], drift: [] },
        partitions: new Map([[key, archiveVisitsJson(after)]]),
        ...source.file({ headers, entries: reading.entries(), origin: of.before.origin }),
      }),
    });
    if (outcome.kind === 'stored' && outcome.file !== 'unchanged') {
      deps.log.info(
        {
          ...{ event: 'archive_stored', stream: stream.name, archive: key, bytes },
          ...{ change: outcome.file, lines: outcome.rows },
        },
        'archive stored',
      );
    }
    const kept = received(outcome);
    progress();
    return kept === 'moved' ? 'moved' : after;
  };

  /** The archive is not to be had, or not to be stored: kept as such, and in rejected_entries where somebody has to look. */
  const refuse = async (
    key: string,
    finding: Exclude<VisitFinding, { kind: 'read' }>,
    of: { readonly before: ArchiveVisits; readonly requests: number },
  ): Promise<ArchiveVisits | 'moved'> => {
    const at = { nowMs: deps.clock.nowMs(), walkId: walk.walkId, bounds };
    const after = afterVisit(of.before, finding, at);
    const isToSee = after.status === 'rejected' || after.status === 'refused';
    const { kind, reason } = finding;
    const facts = { stream: stream.name, archive: key, status: after.status, reason };
    if (isToSee) deps.log.warn({ event: 'archive_not_stored', ...facts }, 'archive not stored');
    else deps.log.info({ event: 'archive_gone', ...facts }, 'archive is not to be had any more');
    const kept = await note({
      partitions: new Map([[key, archiveVisitsJson(after)]]),
      requests: of.requests,
      rejected: isToSee ? [{ reason: `archive_${kind}`, raw: { archive: key, reason } }] : [],
    });
    return kept === 'moved' ? 'moved' : after;
  };

  return {
    note,
    walk: () => walk,
    visit: async (key, before, signal) => {
      let requests = 0;
      const fetchOnce = () => {
        requests += 1;
        const download = {
          open: openAnswer(stream.api, source.request(settings, key)),
          fileBytesMax: limits.fileBytesMax,
          onProgress: progress,
        };
        return deps.files.fetch(download, (file) => store(key, file, { before, requests }), signal);
      };
      try {
        const { result } = await retrying(deps, { stream: stream.name, ask: fetchOnce }, signal);
        return result;
      } catch (error) {
        const finding = findingOf(stream, error);
        if (finding === null) throw error;
        return await refuse(key, finding, { before, requests });
      }
    },
  };
}

/** What a failure says of the archive alone; null when it says something of the account, the cloud or the database. */
function findingOf(
  { source }: ArchiveStream,
  error: unknown,
): Exclude<VisitFinding, { kind: 'read' }> | null {
  if (error instanceof ArchiveRefused) {
    return { kind: 'refused', reason: `${error.fault}: ${error.message}` };
  }
  if (error instanceof FileTooLarge) {
    return { kind: 'refused', reason: `file_too_large: ${error.message}` };
  }
  if (!(error instanceof SourceError) || error.kind !== 'rejected') return null;
  const { status, code } = error.detail;
  return source.isKeyRefused({ status, code }) ? { kind: 'rejected', reason: error.message } : null;
}

async function* noRows(): AsyncGenerator<never> {
  // There is no file, and so there is none.
}
