import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { HostProcess } from './host.ts';

/** Who runs the server. Null ids: whoever runs LogFerry. */
export interface ServerUser {
  readonly uid: number;
  readonly gid: number;
}

export interface CommandResult {
  /** null when the command was ended by a signal. */
  readonly code: number | null;
  /** What it wrote to stderr and stdout, the last 4,000 characters. */
  readonly output: string;
}

const outputCharactersMax = 4_000;
const pipeGraceMs = 200;

/**
 * Runs one of PostgreSQL's programs to its end, in a session of its own: a Ctrl-C in the terminal does not reach it.
 * Settings of another PostgreSQL in the environment (PGDATA, PGPORT ...) do not reach it either.
 * @throws the system's error when the program cannot be started; the signal's reason when it fires, the program ended
 */
export async function runCommand(
  command: {
    readonly path: string;
    readonly args: readonly string[];
    readonly cwd: string;
    readonly user: ServerUser | null;
    readonly host: Pick<HostProcess, 'env'>;
  },
  signal: AbortSignal,
): Promise<CommandResult> {
  signal.throwIfAborted();
  const foreign = Object.entries(command.host.env).filter(([name]) => !/^(PG|LC_|LANG)/.test(name));
  const child = spawn(command.path, command.args, {
    cwd: command.cwd,
    env: { ...Object.fromEntries(foreign), LC_ALL: 'C' },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(command.user ?? {}),
  });
  let output = '';
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-outputCharactersMax);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const end = () => child.kill();
  signal.addEventListener('abort', end, { once: true });
  try {
    const closed = once(child, 'close').catch(() => undefined);
    const [code] = z.tuple([z.number().nullable()], z.unknown()).parse(await once(child, 'exit'));
    // The last words may still be in the pipe; a server that pg_ctl started may keep the pipe open for good.
    await Promise.race([closed, sleep(pipeGraceMs)]);
    signal.throwIfAborted();
    return { code, output: output.trim() };
  } finally {
    signal.removeEventListener('abort', end);
    child.stdout.destroy();
    child.stderr.destroy();
  }
}
