import type { OpenDownload, OpenJob, WalkRef } from '../sinks/sink.ts';
import { wantFiles } from './downloadJob.ts';
import { listPages, type WalkedPage } from './listPages.ts';
import { oneAhead } from './oneAhead.ts';
import { offsetPager, pagePager } from './pager.ts';
import type { JobStream } from './ports.ts';
import type { BegunWalk, Reading, WalkDeps } from './reading.ts';

/**
 * Reads a listing of jobs from its checkpoint on: every page stored with its checkpoint in one transaction, while the next one
 * is fetched.
 */
export function readJobs(deps: WalkDeps, stream: JobStream, begun: BegunWalk): Reading {
  const writer = pageWriter(deps, stream, begun.walk);
  return {
    walk: () => writer.walk(),
    read: async (signal) => {
      try {
        const pages = (stop: AbortSignal) => pagesOf(deps, stream, begun, stop);
        for await (const page of oneAhead(pages, signal)) {
          if ((await writer.write(page)) === 'moved') return 'moved';
          if (page.end === null) continue;
          return (await writer.drain()) === 'moved' ? 'moved' : page.end;
        }
        throw new Error(`the pages of stream ${stream.name} ended without an end`);
      } catch (error) {
        // What is still being written belongs to the walk: its checkpoint is where the next attempt goes on.
        await writer.drain().catch(() => undefined);
        throw error;
      }
    },
  };
}

/** The pages in the way that the listing is asked. */
function pagesOf(
  deps: WalkDeps,
  stream: JobStream,
  { state: checkpoint }: BegunWalk,
  signal: AbortSignal,
): AsyncGenerator<WalkedPage> {
  const { source, settings } = stream;
  const { listing } = source;
  const size = source.pageSize(settings);
  return listing.kind === 'offset'
    ? listPages(
        deps,
        { stream, checkpoint, pager: offsetPager({ listing, settings, size }) },
        signal,
      )
    : listPages(
        deps,
        { stream, checkpoint, pager: pagePager({ listing, settings, size }) },
        signal,
      );
}

/**
 * Writes pages in their order. While one is being written, the next one is hashed and waits for its turn, and the one after
 * is fetched: three pages are held at most. With one less, cloud and database wait for each other in turn (measured: 15,000
 * rows/s instead of 20,000).
 */
interface PageWriter {
  /** Hands a page to the sink, and waits until the one before is stored. */
  write(page: WalkedPage): Promise<'stored' | 'moved'>;
  /** Waits for the last page. */
  drain(): Promise<'stored' | 'moved'>;
  /** The walk as of the last page that is stored. */
  walk(): WalkRef;
}

/**
 * A page is handed to the sink under the version that the page before will leave behind. When that one is not stored, the
 * version never comes and neither is this one: the fence against other walkers keeps the order too.
 */
function pageWriter(deps: WalkDeps, stream: JobStream, begun: WalkRef): PageWriter {
  let walk = begun;
  let ahead = begun;
  let entries = 0;
  let inserted = 0;
  let writing: (() => Promise<'stored' | 'moved'>) | null = null;

  async function drain(): Promise<'stored' | 'moved'> {
    const finish = writing;
    writing = null;
    return finish === null ? 'stored' : finish();
  }

  return {
    write: async (page) => {
      const append = deps.sink.appendJobs(pageFor(stream, ahead, page, deps.clock.nowMs()));
      // Its failure is met by `finish`; until then it is nobody's unhandled rejection.
      append.catch(() => undefined);
      ahead = { ...ahead, version: ahead.version + 1 };
      const finish = async (): Promise<'stored' | 'moved'> => {
        const stored = await append;
        if (stored.kind === 'moved') return 'moved';
        walk = stored.walk;
        entries += page.entries.length;
        inserted += stored.inserted;
        const { updated, duplicates } = stored;
        deps.log.debug(
          {
            ...{ event: 'page_stored', stream: stream.name, walkId: walk.walkId },
            ...{ inserted: stored.inserted, updated, duplicates },
          },
          'page stored',
        );
        const { totalReported } = page;
        deps.onProgress?.({ stream: stream.name, entries, inserted, totalReported });
        await announce(deps, stream, {
          jobs: stored.open,
          files: await filesOf(deps, stream, page.entries),
        });
        return 'stored';
      };
      const before = await drain();
      writing = finish;
      return before;
    },
    drain,
    walk: () => walk,
  };
}

/** The files of a page's finished jobs that are still to be loaded. */
async function filesOf(
  deps: WalkDeps,
  stream: JobStream,
  entries: WalkedPage['entries'],
): Promise<readonly OpenDownload[]> {
  const finished = stream.source.download?.status;
  const keys = entries.flatMap(({ key, status }) => (status === finished ? [key] : []));
  return wantFiles(deps, stream, keys);
}

/** A queue that is down does not fail a walk: what Postgres says is open is queued again within a minute. */
async function announce(
  deps: WalkDeps,
  stream: JobStream,
  { jobs, files }: { readonly jobs: readonly OpenJob[]; readonly files: readonly OpenDownload[] },
): Promise<void> {
  try {
    if (jobs.length > 0) await deps.onOpenJobs(jobs);
    if (files.length > 0) await deps.onOpenFiles(files);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const facts = { stream: stream.name, jobs: jobs.length, files: files.length, reason };
    deps.log.warn(
      { event: 'work_not_queued', ...facts },
      'jobs and files not queued; the next requeue does it',
    );
  }
}

function pageFor(stream: JobStream, walk: WalkRef, page: WalkedPage, nowMs: number) {
  return {
    walk,
    table: stream.source.table,
    terminal: stream.source.tracking.terminal,
    entries: page.entries,
    rejected: page.rejected,
    drift: page.drift,
    requests: page.requests,
    restarts: page.restarts,
    totalReported: page.totalReported,
    askedAtMs: page.askedAtMs,
    state: page.state,
    nowMs,
  };
}
