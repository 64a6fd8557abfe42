import { downloadJob, type DownloadDecision } from '../../src/engine/downloadJob.ts';
import { isFileStream } from '../../src/engine/ports.ts';
import { walkStream } from '../../src/engine/walkStream.ts';
import { createHttpClient } from '../../src/http/client.ts';
import { createLinkClient } from '../../src/http/linkClient.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import type { ExportFileSpec, FileFormat } from '../../src/simulator/oss/fileSpec.ts';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import { startExportsCloud } from '../support/exports.ts';
import { noDownloads } from '../support/noDownloads.ts';
import { openTestSink } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';
import { engineDeps, fakeClock, recordingLog, registeredStream, walkDeps } from './engineKit.ts';
import { simulatedApi } from './faultyKit.ts';

const never = new AbortController().signal;
const triesMax = 40;

/** A stream of finished jobs whose files wait to be loaded: real HTTP, real PostgreSQL, and sleeping that takes no time. */
export async function openExports(
  files: Readonly<Record<string, { readonly file: ExportFileSpec; readonly target: FileFormat }>>,
  options: {
    readonly seed?: number;
    readonly settings?: object;
    /** @default 256 MiB */
    readonly unpackedBytesMax?: number;
  } = {},
) {
  const cloud = await startExportsCloud(files, { seed: options.seed ?? 7 });
  const store = await openTestSink();
  const http = createHttpClient({ bodyIdleTimeoutMs: 2_000 });
  const client = createLinkClient({
    allowedHosts: [{ kind: 'named', host: '127.0.0.1', port: null }],
    nowMs: () => Date.now(),
  });
  const links = new Set<string>();
  const log = recordingLog();
  const { unpackedBytesMax = 256 * 1024 * 1024 } = options;
  const stream = await registeredStream(
    store.sink,
    simulatedApi(cloud, { http, nowMs: () => Date.now() }),
    { settings: { project: SCENARIO_PROJECT, download: true, ...options.settings } },
  );
  if (!isFileStream(stream)) throw new Error('the stream loads no files');
  const deps = engineDeps(store.sink, {
    ...{ clock: fakeClock(Date.now()), log },
    downloads: {
      ...noDownloads,
      fileBytesMax: 64 * 1024 * 1024,
      limits: { ...noDownloads.limits, unpackedBytesMax },
      links: {
        open: (link) => {
          links.add(link);
          return client.open(link);
        },
      },
    },
  });
  const run = { stream, runId: 'one', attempt: { number: 1, of: 1 } };
  await walkStream(walkDeps(deps), run, never);
  const keys = await rows<{ name: string; entry_key: string }>(
    store.url,
    'select name, entry_key from download_jobs',
  );
  return {
    ...{ cloud, store, log, links },
    /** Tried again after every failure as the queue would. */
    load: async (job: string): Promise<DownloadDecision> => {
      const entryKey = keys.find(({ name }) => name === job)?.entry_key;
      if (entryKey === undefined) throw new Error(`the walk found no job ${job}`);
      for (let tries = 1; ; tries += 1) {
        try {
          const file = await downloadJob(deps, { stream, entryKey }, never);
          if (file.kind !== 'paused') return file;
        } catch (error) {
          if (!(error instanceof SourceError) || tries >= triesMax) throw error;
        }
      }
    },
    close: async () => {
      await Promise.all([http.close(), client.close(), cloud.close()]);
      await store.drop();
    },
  };
}

export type ExportsWorld = Awaited<ReturnType<typeof openExports>>;
