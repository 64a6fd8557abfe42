import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** The built program: `npm test` builds it first. */
const program = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url));

/** A folder with a logferry.yaml, and the real program run in it. */
export interface Workplace {
  readonly folder: string;
  /** Runs a command to its end. */
  run(...args: readonly string[]): Promise<Ended>;
  /** Starts a command and answers at once. */
  start(...args: readonly string[]): Running;
  /** Starts `logferry start` and answers at once. */
  startDaemon(...args: readonly string[]): Daemon;
  /** Kills what still runs and removes the folder. */
  close(): Promise<void>;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  kill(signal: NodeJS.Signals): void;
  /** Standard output so far. */
  stdout(): string;
  /** Waits until it has written this text, to standard output or error. @throws when it ends without */
  says(text: string): Promise<void>;
}

export interface Daemon extends Running {
  /** The log so far, one object a line. */
  events(): readonly Readonly<Record<string, unknown>>[];
}

export async function openWorkplace(place: {
  readonly config: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Further files by name, with their text. */
  readonly files?: Readonly<Record<string, string>>;
}): Promise<Workplace> {
  const folder = await mkdtemp(join(tmpdir(), 'logferry-work-'));
  for (const [name, text] of Object.entries({ 'logferry.yaml': place.config, ...place.files }))
    await writeFile(join(folder, name), text);
  const children = new Set<ChildProcess>();

  const start = (args: readonly string[]) => {
    const child = spawn(process.execPath, [program, ...args], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, ...place.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    const ended = once(child, 'close').then(() => {
      children.delete(child);
      return { exitCode: child.exitCode, stdout, stderr };
    });
    const kill = (signal: NodeJS.Signals) => {
      child.kill(signal);
    };
    const says = async (text: string) => {
      while (!`${stdout}\n${stderr}`.includes(text)) {
        if (child.exitCode !== null || child.signalCode !== null)
          throw new Error(`${args.join(' ')} ended without "${text}":\n${stdout}\n${stderr}`);
        await sleep(20);
      }
    };
    return { ended, kill, says, stdout: () => stdout, stderr: () => stderr };
  };

  return {
    folder,
    run: (...args) => start(args).ended,
    start: (...args) => start(args),
    startDaemon: (...args) => {
      const daemon = start(['start', ...args]);
      return { ...daemon, events: () => daemon.stderr().split('\n').flatMap(eventOf) };
    },
    close: async () => {
      await Promise.all(
        [...children].map(async (child) => {
          child.kill('SIGKILL');
          await once(child, 'close');
        }),
      );
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function eventOf(line: string): Readonly<Record<string, unknown>>[] {
  try {
    return [JSON.parse(line) as Record<string, unknown>];
  } catch {
    return []; // a line of another kind, or one cut off by a kill
  }
}
