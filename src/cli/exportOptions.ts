import { handName, isJobName, JOB_NAME_RULE, nextAttemptName } from '../domain/exportName.ts';
import {
  EXPORT_COMPRESSIONS,
  EXPORT_FORMATS,
  markedDescription,
  type ExportCompression,
  type ExportFormat,
} from '../domain/exportOrder.ts';
import type { NewOrder, StoredOrder } from '../sinks/sink.ts';
import type { CommonOptions } from './command.ts';
import { rangeOption } from './rangeOption.ts';
import { UsageError } from './usageError.ts';

/** What the command line of `logferry export` says. */
export interface ExportCommandOptions extends CommonOptions {
  readonly logstore?: string;
  readonly query?: string;
  readonly from?: string;
  readonly to?: string;
  readonly name?: string;
  readonly format: string;
  readonly compression: string;
  readonly powerSql: boolean;
  readonly allowIncomplete: boolean;
  readonly roleArn?: string;
  readonly bucket?: string;
  readonly prefix?: string;
  readonly again?: string;
  readonly wait: boolean;
}

/** What is to be done: a new order (or the same once more), or another attempt at a stored one. */
export type ExportCommand =
  | { readonly kind: 'order'; readonly order: NewOrder }
  | { readonly kind: 'again'; readonly name: string };

/** @throws UsageError naming the first thing that is missing or wrong */
export function exportCommand(
  options: ExportCommandOptions,
  at: { readonly nowMs: number; readonly random: number },
): ExportCommand {
  const { again, name = handName(at.nowMs, at.random), logstore, query, from, to } = options;
  if (again !== undefined) {
    const given = (['logstore', 'query', 'from', 'to', 'name'] as const).find(
      (option) => options[option] !== undefined,
    );
    if (given === undefined) return { kind: 'again', name: again };
    throw new UsageError(
      `--again orders with the parameters that were stored; leave out --${given}`,
    );
  }
  if (!isJobName(name)) throw new UsageError(`--name takes ${JOB_NAME_RULE}`);
  const { fromMs, toMs } = rangeOption(
    { from: needed('from', from), to: needed('to', to) },
    at.nowMs,
  );
  return {
    kind: 'order',
    order: {
      ...{ name, displayName: name, export: null, attempt: 1 },
      description: markedDescription('Ordered by LogFerry', at.random),
      ...{ logstore: needed('logstore', logstore), query: needed('query', query), fromMs, toMs },
      format: oneOf<ExportFormat>('format', EXPORT_FORMATS, options.format),
      compression: oneOf<ExportCompression>(
        'compression',
        EXPORT_COMPRESSIONS,
        options.compression,
      ),
      ...{ powerSql: options.powerSql, allowIncomplete: options.allowIncomplete },
      roleArn: options.roleArn ?? null,
      bucket: options.bucket ?? null,
      prefix: options.prefix ?? null,
    },
  };
}

/** The next attempt at an order, with the same parameters. */
export function nextAttempt(stored: StoredOrder, random: number): NewOrder {
  const { export: scheduled, logstore, query, fromMs, toMs, format, compression } = stored;
  const { powerSql, allowIncomplete, roleArn, bucket, prefix, displayName } = stored;
  const attempt = stored.attempt + 1;
  return {
    ...{ name: nextAttemptName(stored.name, stored.attempt), attempt, export: scheduled },
    displayName,
    description: markedDescription(`Ordered by LogFerry: attempt ${attempt}`, random),
    ...{ logstore, query, fromMs, toMs, format, compression, powerSql, allowIncomplete },
    ...{ roleArn, bucket, prefix },
  };
}

function needed(option: string, value: string | undefined): string {
  if (value !== undefined && value.trim() !== '') return value;
  throw new UsageError(
    `--${option} is missing; an export needs --logstore, --query, --from and --to, or --again with the name of a failed one`,
  );
}

function oneOf<Value extends string>(
  option: string,
  values: readonly Value[],
  text: string,
): Value {
  const value = values.find((known) => known === text);
  if (value === undefined) throw new UsageError(`--${option} takes ${values.join(', ')}`);
  return value;
}
