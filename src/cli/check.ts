import { loadConfig } from '../config/loadConfig.ts';
import type { Config, StreamConfig } from '../config/config.ts';
import type { Log, StreamRuntime } from '../engine/ports.ts';
import type { ApiRequest } from '../providers/apiRequest.ts';
import { openDatabase } from '../runtime/database.ts';
import { openRuntime } from '../runtime/openRuntime.ts';
import { queueLocation } from '../runtime/queueLocation.ts';
import { openMemorySink } from '../sinks/memory.ts';
import { probeDatabase } from '../sinks/postgres/probe.ts';
import { sources } from '../sources/registry.ts';
import { EXIT, type CommonOptions, type ExitCode, type Shell } from './command.ts';
import { failureOf } from './failure.ts';
import { selectStreams } from './selectStreams.ts';
import { tableLines } from './table.ts';

interface CheckResult {
  readonly what: string;
  readonly ok: boolean;
  /** What was found, or what to do. */
  readonly detail: string;
}

/** `logferry check`: configuration, database, queue, and one real request per stream, each with its own line. */
export async function runCheck(
  names: readonly string[],
  options: CommonOptions,
  shell: Shell,
): Promise<ExitCode> {
  const config = await loadConfig({ path: options.config, env: shell.env, sources });
  const streams = selectStreams(config, names);
  const log = shell.log('warn');
  const results: CheckResult[] = [
    {
      what: 'configuration',
      ok: true,
      detail: `${options.config}: ${config.accounts.size} accounts, ${config.streams.length} streams`,
    },
    ...(await checkServices(config, log, shell)),
    ...(await checkStreams({ ...config, streams }, log, shell.signal)),
  ];
  if (options.json) shell.out(JSON.stringify(results, null, 2));
  else {
    const rows = results.map(({ what, ok, detail }) => [what, ok ? 'ok' : 'FAILED', detail]);
    tableLines(['check', 'result', 'detail'], rows).forEach((line) => {
      shell.out(line);
    });
  }
  return results.every(({ ok }) => ok) ? EXIT.done : EXIT.failed;
}

async function checkServices(
  config: Config,
  log: Log,
  shell: Shell,
): Promise<readonly CheckResult[]> {
  const place = { url: config.database.url, directory: shell.directory, host: shell.host, log };
  try {
    const database = await openDatabase(place, shell.signal);
    try {
      const found = await attempt('database', async () => {
        const { version, place: where, pending } = await probeDatabase(database.url);
        const state =
          pending === 0
            ? 'schema up to date'
            : `${pending} migrations pending (start applies them)`;
        return `PostgreSQL ${version} at ${where}${database.embedded ? ' (embedded)' : ''}, ${state}`;
      });
      // The queue on PostgreSQL lives in the same database: without one there is nothing to ask.
      if (!found.ok && config.queue.url === null) return [found];
      return [found, await checkQueue(config, database.url, log)];
    } finally {
      await database.release();
    }
  } catch (error) {
    return [failed('database', error)];
  }
}

function checkQueue(config: Config, databaseUrl: string, log: Log): Promise<CheckResult> {
  return attempt('queue', async () => {
    const { openQueueBackend } = await import('../queue/backend.ts');
    const queue = await openQueueBackend({ location: queueLocation(config, databaseUrl), log });
    try {
      await queue.ping();
      return `${queue.kind === 'redis' ? 'Redis' : 'PostgreSQL'} at ${queue.server}`;
    } finally {
      await queue.close();
    }
  });
}

async function checkStreams(
  config: Pick<Config, 'accounts' | 'downloads'> & { readonly streams: readonly StreamConfig[] },
  log: Log,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const sink = openMemorySink();
  const runtime = await openRuntime({ config, sink, log });
  try {
    const results: CheckResult[] = [];
    for (const stream of runtime.streams) {
      signal.throwIfAborted();
      results.push(await attempt(`stream ${stream.name}`, () => askOnce(stream, signal)));
    }
    return results;
  } finally {
    await runtime.close();
    await sink.close();
  }
}

/** One small request of the stream, asked and read for real. */
async function askOnce(stream: StreamRuntime, signal: AbortSignal): Promise<string> {
  const { probe } = stream.source;
  if ('download' in probe) return askForFile(stream, probe.download(stream.settings), signal);
  const request = probe.request(stream.settings, Date.now());
  const startedAtMs = performance.now();
  const { body } = await stream.api.call(request, signal);
  const tookMs = Math.round(performance.now() - startedAtMs);
  const found = probe.found(body, stream.settings);
  if (found === null) throw new Error(`${request.api} answered, but not as its API page says`);
  return `${request.api} answered in ${tookMs} ms: ${found}`;
}

/** The beginning of one download; the rest is not fetched. */
async function askForFile(
  stream: StreamRuntime,
  request: ApiRequest | null,
  signal: AbortSignal,
): Promise<string> {
  if (request === null) return 'nothing was asked: no file is named in the configuration yet';
  const startedAtMs = performance.now();
  const start = await stream.api.stream(
    request,
    async ({ body }) => {
      for await (const piece of body) return piece.subarray(0, 2).toString('latin1');
      return '';
    },
    signal,
  );
  if (start !== 'PK') throw new Error(`${request.api} answered, but not with a ZIP`);
  return `${request.api} answered in ${Math.round(performance.now() - startedAtMs)} ms: a ZIP`;
}

async function attempt(what: string, work: () => Promise<string>): Promise<CheckResult> {
  try {
    return { what, ok: true, detail: await work() };
  } catch (error) {
    return failed(what, error);
  }
}

function failed(what: string, error: unknown): CheckResult {
  const [line = 'failed'] = failureOf(error).lines;
  return { what, ok: false, detail: line.replace(/^logferry: /, '') };
}
