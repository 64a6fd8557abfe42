import { ROLES, runDaemon, type Role } from '../../workers/main.ts';
import { loadConfig } from '../config/loadConfig.ts';
import { openQueueBackend } from '../queue/backend.ts';
import { openRuntime, type Runtime } from '../runtime/openRuntime.ts';
import { openStore } from '../runtime/openStore.ts';
import { queueLocation } from '../runtime/queueLocation.ts';
import { sources } from '../sources/registry.ts';
import { EXIT, type ExitCode, type Shell } from './command.ts';
import { UsageError } from './usageError.ts';

export interface StartOptions {
  readonly config: string;
  /** Comma-separated. */
  readonly roles: string;
}

const flushEveryMs = 5_000;

/** `logferry start`: the daemon, until SIGINT or SIGTERM. */
export async function runStart(options: StartOptions, shell: Shell): Promise<ExitCode> {
  const roles = rolesOf(options.roles);
  const config = await loadConfig({ path: options.config, env: shell.env, sources });
  const log = shell.log(config.log.level);
  const store = await openStore(
    { url: config.database.url, directory: shell.directory, host: shell.host, log },
    shell.signal,
  );
  try {
    const runtime = await openRuntime({ config, sink: store.sink, log });
    const stopFlushing = flushRegularly(runtime);
    try {
      const location = queueLocation(config, store.databaseUrl);
      const queue = await openQueueBackend({ location, log });
      await runDaemon(
        {
          roles,
          deps: runtime.deps,
          queue,
          streams: runtime.streams,
          schedules: new Map(config.streams.map(({ name, schedule }) => [name, schedule])),
          exports: config.exports,
          requeueEveryMs: config.queue.requeueEveryMs,
          workers: {
            lockDurationMs: config.queue.lockDurationMs,
            stalledIntervalMs: config.queue.lockDurationMs / 2,
          },
          web: config.web,
        },
        shell.signal,
      );
      return EXIT.done;
    } finally {
      stopFlushing();
      await runtime.close();
    }
  } finally {
    await store.close();
  }
}

/** @throws UsageError naming the roles there are */
export function rolesOf(text: string): ReadonlySet<Role> {
  const named = text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '');
  const roles = ROLES.filter((role) => named.includes(role));
  const unknown = named.filter((name) => !ROLES.some((role) => role === name));
  if (unknown.length > 0 || roles.length === 0) {
    throw new UsageError(
      `--roles takes ${ROLES.join(', ')}, separated by commas; not ${unknown[0] ?? 'nothing'}`,
    );
  }
  return new Set(roles);
}

function flushRegularly({ flushCounts, deps }: Runtime): () => void {
  const timer = setInterval(() => {
    flushCounts().catch((error: unknown) => {
      const reason = error instanceof Error ? error.message : String(error);
      deps.log.warn({ event: 'counts_not_stored', reason }, 'request counts kept for the next try');
    });
  }, flushEveryMs);
  return () => {
    clearInterval(timer);
  };
}
