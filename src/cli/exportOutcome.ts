import { EXIT, type ExitCode } from './command.ts';
import type { OrderStream } from '../engine/ports.ts';
import type { StoredOrder } from '../sinks/sink.ts';

/** What came of the file. gone: nobody wants it any more. */
export interface LoadedFile {
  readonly kind: 'loaded' | 'incomplete' | 'failed' | 'gone' | 'given_up';
  readonly rows: number;
  /** Why it is not loaded whole. */
  readonly reason: string | null;
}

/** What came of an order; `--json` prints it. */
export interface ExportOutcome {
  readonly stream: string;
  readonly name: string;
  readonly attempt: number;
  /** ordered: under way. gone: deleted before its end. */
  readonly outcome: 'ordered' | 'succeeded' | 'failed' | 'refused' | 'gone';
  /** The status of its job; null before it was seen. */
  readonly jobStatus: string | null;
  readonly progressPercent: number | null;
  /** Why it failed or was refused. */
  readonly reason: string | null;
  /** null: it was not loaded here. */
  readonly file: LoadedFile | null;
}

/** 3 where the file is not as long as it should be, or not loaded yet. */
export function exitCodeOf({ outcome, file }: ExportOutcome): ExitCode {
  if (outcome === 'ordered') return EXIT.done;
  if (outcome !== 'succeeded' || file?.kind === 'failed') return EXIT.failed;
  return file === null || file.kind === 'loaded' ? EXIT.done : EXIT.incomplete;
}

/** Where a stored order stands. */
export function exportOutcome(
  { name: stream, source }: OrderStream,
  order: StoredOrder,
): ExportOutcome {
  const { name, attempt, status, job } = order;
  const known = {
    ...{ stream, name, attempt, jobStatus: job?.status ?? null },
    progressPercent: job?.progressPercent ?? null,
    file: null,
  };
  if (status === 'refused') return { ...known, outcome: 'refused', reason: order.errorMessage };
  if (job === null) return { ...known, outcome: 'ordered', reason: null };
  if (job.status === source.ordering.succeeded) {
    return { ...known, outcome: 'succeeded', reason: null };
  }
  if (source.tracking.terminal.has(job.status)) {
    return { ...known, outcome: 'failed', reason: job.errorMessage ?? 'no reason was given' };
  }
  return job.vanishedAtMs === null
    ? { ...known, outcome: 'ordered', reason: null }
    : { ...known, outcome: 'gone', reason: 'it was deleted before its end' };
}

/** What is printed of it: what is so, and what to do next. */
export function outcomeLines(outcome: ExportOutcome): readonly string[] {
  const { stream, name, reason, jobStatus } = outcome;
  switch (outcome.outcome) {
    case 'ordered':
      return [
        `${name} is ordered (${jobStatus ?? 'not listed yet'})`,
        `the daemon follows it; the same command with --name ${name} --wait does so here`,
      ];
    case 'succeeded':
      return [`${name} has SUCCEEDED`, ...fileLines(outcome)];
    case 'failed':
      return [`${name} ended in ERROR: ${reason ?? ''}`, againLine(stream, name)];
    case 'refused':
      return [`${name} was refused: ${reason ?? ''}`, againLine(stream, name)];
    case 'gone':
      return [`${name} is gone: ${reason ?? ''}`, againLine(stream, name)];
  }
}

function fileLines({ stream, file }: ExportOutcome): readonly string[] {
  if (file === null) return [`its file is loaded by the daemon where ${stream} has download: true`];
  const rows = `${file.rows} rows`;
  switch (file.kind) {
    case 'loaded':
      return [`its file is loaded: ${rows}`];
    case 'incomplete':
      return [`its file is loaded, incomplete: ${rows}; ${file.reason ?? ''}`];
    case 'failed':
      return [`its file could not be loaded: ${file.reason ?? ''}`];
    case 'gone':
      return ['its file is not wanted any more: the configuration of its stream has changed'];
    case 'given_up':
      return [`its file could not be loaded yet: ${file.reason ?? ''}; the daemon tries again`];
  }
}

function againLine(stream: string, name: string): string {
  return `to order it once more: logferry export ${stream} --again ${name}`;
}
