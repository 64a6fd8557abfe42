import { ConfigError, configErrorLines } from '../config/configError.ts';
import { redact } from '../domain/redact.ts';
import { EmbeddedPostgresError } from '../embedded/embeddedError.ts';
import { SourceError } from '../providers/sourceError.ts';
import { SinkError } from '../sinks/sinkError.ts';
import { EXIT, type ExitCode } from './command.ts';
import { UsageError } from './usageError.ts';

export interface Failure {
  readonly exitCode: ExitCode;
  /** What to print: one line for a failure that was foreseen, with the stack for one that was not. */
  readonly lines: readonly string[];
}

/** What a command that threw tells its user. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ConfigError) {
    return { exitCode: EXIT.usage, lines: configErrorLines(error) };
  }
  if (error instanceof UsageError) {
    return { exitCode: EXIT.usage, lines: [`logferry: ${error.message}`] };
  }
  if (isForeseen(error)) {
    return { exitCode: EXIT.failed, lines: [`logferry: ${redact(error.message)}`] };
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return {
    exitCode: EXIT.failed,
    lines: ['logferry: an error that should not happen; please report it:', redact(text)],
  };
}

/** Errors that were written for whoever runs LogFerry: their message says what happened and what to do. */
function isForeseen(error: unknown): error is Error {
  if (error instanceof SourceError || error instanceof EmbeddedPostgresError) return true;
  if (error instanceof SinkError) return error.kind !== 'bug';
  return error instanceof Error && foreseenNames.has(error.name);
}

// By name: the queue and the dashboard are loaded by the commands that need them only.
const foreseenNames: ReadonlySet<string> = new Set(['QueueError', 'WebError']);
