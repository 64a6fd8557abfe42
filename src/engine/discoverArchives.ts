import type { ApiRequest } from '../providers/apiRequest.ts';
import { SourceError } from '../providers/sourceError.ts';
import type { DiscoveredItem, DiscoveryList } from '../sources/source.ts';
import type { JsonValue } from '../domain/json.ts';
import type { ArchiveStream } from './ports.ts';
import { retrying, type RetryDeps } from './retrying.ts';

/** What a look through the configured projects found. */
export interface Discovered {
  readonly keys: readonly DiscoveredKey[];
  /** The version of every task that was looked through to its end. */
  readonly tasks: ReadonlyMap<string, string | null>;
  readonly requests: number;
  /** False when a list did not show as much as it said it has. */
  readonly isWhole: boolean;
}

interface DiscoveredKey {
  readonly key: string;
  readonly isGuess: boolean;
  readonly origin: JsonValue;
}

/** A list of tasks or executions longer than this is not believed. */
const pagesMax = 2_000;

/**
 * Looks for keys in the configured projects: through every task whose version is not known from before, and every execution of
 * it. Never leads to a download by itself.
 * @throws SourceError when a list cannot be read
 */
export async function discoverArchives(
  deps: RetryDeps,
  look: {
    readonly stream: ArchiveStream;
    /** By task; a task that says the same again has nothing new. */
    readonly knownVersions: ReadonlyMap<string, string | null>;
  },
  signal: AbortSignal,
): Promise<Discovered> {
  const { stream, knownVersions } = look;
  const { discovery, isKey } = stream.source;
  const keys = new Map<string, DiscoveredKey>();
  const tasks = new Map<string, string | null>();
  let requests = 0;
  let isWhole = true;
  const read = async (
    list: DiscoveryList<unknown>,
    parent: string,
  ): Promise<readonly DiscoveredItem[]> => {
    const found = await readList(deps, { stream, list, parent }, signal);
    requests += found.requests;
    isWhole &&= found.isWhole;
    return found.items;
  };
  for (const project of discovery.projects(stream.settings)) {
    for (const task of await read(discovery.tasks, project)) {
      const known = knownVersions.get(task.id);
      if (tasks.has(task.id) || (known != null && known === task.version)) continue;
      const jobs = await read(discovery.jobs, task.id);
      for (const job of jobs.filter(({ isOver }) => isOver)) {
        const origin = { task: task.raw, job: job.raw };
        for (const key of job.keys) keys.set(key, { key, isGuess: false, origin });
        if (job.guess !== null && isKey(job.guess) && !keys.has(job.guess)) {
          keys.set(job.guess, { key: job.guess, isGuess: true, origin });
        }
      }
      // One that goes on has to be looked at again, though its task may say nothing new by then.
      tasks.set(task.id, jobs.every(({ isOver }) => isOver) ? task.version : null);
    }
  }
  return { keys: [...keys.values()], tasks, requests, isWhole };
}

interface ListRead {
  readonly items: readonly DiscoveredItem[];
  readonly requests: number;
  readonly isWhole: boolean;
}

/**
 * Reads pages 1, 2, 3, ... until the total is reached or a page brings nothing that was not there before: a list may end early,
 * and a server may show its last page for ever.
 */
async function readList(
  deps: RetryDeps,
  {
    stream,
    list,
    parent,
  }: {
    readonly stream: ArchiveStream;
    readonly list: DiscoveryList<unknown>;
    readonly parent: string;
  },
  signal: AbortSignal,
): Promise<ListRead> {
  const items = new Map<string, DiscoveredItem>();
  let [requests, rows] = [0, 0];
  for (let page = 1; page <= pagesMax; page++) {
    const request = list.request(stream.settings, parent, page);
    const ask = async () => {
      const { body, status } = await stream.api.call(request, signal);
      const read = list.read(body);
      if (read === null) throw notTheList(stream, request, status);
      return read;
    };
    const { result, requests: sent } = await retrying(deps, { stream: stream.name, ask }, signal);
    requests += sent;
    rows += result.rows;
    const before = items.size;
    for (const item of result.items) items.set(JSON.stringify([item.id, item.version]), item);
    const hasAll = result.total !== null && items.size >= result.total;
    if (hasAll || result.rows === 0 || items.size === before) {
      const isWhole = result.total === null || rows >= result.total;
      return { items: [...items.values()], requests, isWhole };
    }
  }
  return { items: [...items.values()], requests, isWhole: false };
}

/** An answer that is no list at all is a failure, not an empty page. */
function notTheList(stream: ArchiveStream, request: ApiRequest, status: number): SourceError {
  return new SourceError(
    'drift',
    `${request.api} for stream ${stream.name} answered ${status} with a body in which no list was found; no archive is lost by it, ` +
      'but none is discovered. Leave discover out and name subJobIds instead.',
    { detail: { api: request.api, status } },
  );
}
