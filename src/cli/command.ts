import type { HostProcess } from '../embedded/host.ts';
import type { Log } from '../engine/ports.ts';

/** Exit codes of every command, as the README lists them. */
export const EXIT = { done: 0, failed: 1, usage: 2, incomplete: 3 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a command has of the process it runs in. */
export interface Shell {
  /** One line of result on stdout. */
  readonly out: (line: string) => void;
  /** One line for the reader's eyes on stderr. */
  readonly note: (line: string) => void;
  /** Whether stderr is a terminal, where bars may be drawn. */
  readonly isTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The working directory: `.logferry/` lives here. */
  readonly directory: string;
  readonly host: HostProcess;
  /** Fires at the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** A logger writing JSON lines to stderr at this level. */
  readonly log: (level: string) => Log;
}

/** Options that every command shares. */
export interface CommonOptions {
  readonly config: string;
  readonly json: boolean;
}
