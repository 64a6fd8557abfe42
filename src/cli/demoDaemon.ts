import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** The real daemon, `logferry start`, as a process of its own. */
export interface DemoDaemon {
  /** Fires when it has ended, wanted or not. */
  readonly ended: Promise<void>;
  readonly isRunning: () => boolean;
  /** Asks it to stop, and makes sure that it does. */
  stop(): Promise<void>;
}

const stopTimeoutMs = 15_000;

/**
 * Starts the daemon in a process group of its own, so that Ctrl-C in the terminal reaches the demo alone, which then
 * stops the daemon in order. Its log goes to `logFile`.
 */
export function startDemoDaemon(daemon: {
  /** The built CLI. */
  readonly program: string;
  readonly configFile: string;
  readonly logFile: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): DemoDaemon {
  const log = openSync(daemon.logFile, 'w', 0o600);
  const child = spawn(process.execPath, [daemon.program, 'start', '--config', daemon.configFile], {
    stdio: ['ignore', log, log],
    detached: true,
    env: daemon.env,
  });
  closeSync(log);
  const ended = once(child, 'exit').then(() => undefined);
  return {
    ended,
    isRunning: () => isRunning(child),
    stop: async () => {
      if (!isRunning(child)) return;
      child.kill('SIGTERM');
      await Promise.race([ended, sleep(stopTimeoutMs, undefined, { ref: false })]);
      if (isRunning(child)) child.kill('SIGKILL');
      await ended;
    },
  };
}

/**
 * Runs one command of the program beside the daemon, to its end; what it says goes to the daemon's log file. Asked to stop, it is
 * waited for, too.
 * @throws Error when it fails
 */
export async function runBeside(
  command: {
    readonly program: string;
    readonly arguments: readonly string[];
    readonly logFile: string;
    readonly env: Readonly<Record<string, string | undefined>>;
  },
  signal: AbortSignal,
): Promise<void> {
  const log = openSync(command.logFile, 'a', 0o600);
  const child = spawn(process.execPath, [command.program, ...command.arguments], {
    stdio: ['ignore', log, log],
    env: command.env,
  });
  closeSync(log);
  const stop = (): void => {
    child.kill('SIGTERM');
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    await once(child, 'exit');
  } finally {
    signal.removeEventListener('abort', stop);
  }
  signal.throwIfAborted();
  if (child.exitCode !== 0) {
    const what = command.arguments[0] ?? '';
    throw new Error(`logferry ${what} failed; ${command.logFile} says why`);
  }
}

/** A TCP port of loopback that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && child.pid !== undefined;
}
