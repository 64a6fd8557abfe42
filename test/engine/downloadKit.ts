import { createHash } from 'node:crypto';
import type { JsonObject } from '../../src/domain/json.ts';
import { downloadJob } from '../../src/engine/downloadJob.ts';
import type { FileAnswer, FileFrom } from '../../src/engine/filePort.ts';
import { LinkError, type LinkFault } from '../../src/engine/linkPort.ts';
import { isFileStream } from '../../src/engine/ports.ts';
import { walkStream } from '../../src/engine/walkStream.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { openMemorySink } from '../../src/sinks/memory.ts';
import { noDownloads } from '../support/noDownloads.ts';
import {
  answeringApi,
  engineDeps,
  fakeClock,
  jobNamed,
  listBody,
  recordingLog,
  registeredStream,
  walkDeps,
} from './engineKit.ts';

const never = new AbortController().signal;
const entryKey = 'a@1722411060';
const secret = 'Signature=verysecret';
export const csv = '__time__,message\n1722409260,one\n1722409261,"two\nlines"\n1722409262,three\n';

interface Given {
  /** The file as the store has it. */
  readonly file?: string;
  /** What the job says of it, besides the truth. */
  readonly details?: JsonObject;
  readonly settings?: object;
  /** What happens at the nth request to the store, from 1; null: it is served. */
  readonly store?: (request: number) => LinkFault | { readonly cutAt: number } | null;
  readonly retryAfterMs?: number;
  /** The answer of GetDownloadJob instead of a job. */
  readonly ask?: () => JsonObject;
}

/** A stream with one finished job, whose file waits to be loaded. */
export async function downloadWorld(given: Given = {}) {
  const { file = csv, details = {}, settings = {}, store = () => null } = given;
  const sink = openMemorySink();
  const clock = fakeClock();
  const log = recordingLog();
  const bytes = Buffer.from(file);
  const asked: string[] = [];
  const requests: (FileFrom & { readonly link: string })[] = [];
  const job = (): JsonObject => ({
    ...jobNamed('a'),
    configuration: { sink: { contentType: 'csv' } },
    executionDetails: {
      filePath: `https://store.example.com/a.csv?Expires=1&${secret}${asked.length}`,
      fileSize: bytes.length,
      checkSum: createHash('md5').update(bytes).digest('hex').toUpperCase(),
      logCount: 3,
      ...details,
    },
  });
  const api = answeringApi(({ api: name, query }) => {
    if (name !== 'GetDownloadJob') return listBody(Number(query['offset']) === 0 ? [job()] : [], 1);
    asked.push(name);
    return (given.ask ?? job)();
  });
  const links = {
    open:
      (link: string) =>
      async <T>(from: FileFrom, consume: (answer: FileAnswer) => Promise<T>): Promise<T> => {
        requests.push({ ...from, link });
        const trouble = store(requests.length);
        if (typeof trouble === 'string') {
          const retryAfterMs = given.retryAfterMs ?? null;
          throw new LinkError(trouble, 'store.example.com answered 403', { retryAfterMs });
        }
        const cutAt = trouble?.cutAt ?? null;
        async function* body() {
          yield bytes.subarray(from.fromByte, cutAt ?? bytes.length);
          if (cutAt !== null) throw new LinkError('transient', 'store.example.com: cut off');
        }
        const answer = { headers: { etag: '"e"' }, body: body() };
        return consume({ ...answer, startsAt: from.fromByte, totalBytes: bytes.length });
      },
  };
  const stream = await registeredStream(sink, api, {
    settings: { project: 'big-game', download: true, ...settings },
  });
  const deps = engineDeps(sink, { clock, log, downloads: { ...noDownloads, links } });
  const run = { stream, runId: 'one', attempt: { number: 1, of: 1 } };
  await walkStream(walkDeps(deps), run, never);
  return {
    ...{ sink, deps, stream, log, asked, requests, clock },
    load: (signal = never) => {
      if (!isFileStream(stream)) throw new Error('the stream loads no files');
      return downloadJob(deps, { stream, entryKey }, signal);
    },
    stored: () => [...sink.contents.downloads.values()][0],
  };
}

/** The failure of work that must fail. @throws whatever else it threw */
export async function failureOf(work: Promise<unknown>): Promise<SourceError> {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error instanceof SourceError) return error;
  throw new Error('expected a SourceError');
}
