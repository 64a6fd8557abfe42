import type { z } from 'zod';
import { parseUtcOffset } from '../domain/logLine.ts';
import type { ScheduledExport } from '../engine/orderScheduled.ts';
import type { Source } from '../sources/source.ts';
import type { exportSchema } from './exportSchema.ts';
import type { Issue } from './issue.ts';
import { issueAt } from './issue.ts';
import { isRecord } from './record.ts';

/** What is wrong with the streams that exports name. A stream that is wrong in itself is told there, once. */
export function exportIssues(
  exports: Readonly<Record<string, unknown>>,
  known: {
    readonly streams: Readonly<Record<string, unknown>>;
    readonly sources: readonly Source[];
  },
): readonly Issue[] {
  return Object.entries(exports).flatMap(([name, value]) => {
    const stream = isRecord(value) ? value['stream'] : undefined;
    if (typeof stream !== 'string') return [];
    const path = ['exports', name, 'stream'];
    if (!Object.hasOwn(known.streams, stream)) {
      const values = Object.keys(known.streams);
      return values.length === 0
        ? [issueAt(path, 'names a stream, but streams holds none')]
        : [{ code: 'invalid_value' as const, path, values, message: 'unknown stream' }];
    }
    const settings = known.streams[stream];
    const id = isRecord(settings) ? settings['source'] : undefined;
    const source = known.sources.find((candidate) => candidate.id === id);
    if (source === undefined || 'ordering' in source) return [];
    const able = known.sources.flatMap((one) => ('ordering' in one ? [one.id] : []));
    return [issueAt(path, `must be a stream whose jobs can be ordered: of ${able.join(' or ')}`)];
  });
}

/** An export of the file, as it is scheduled. */
export function scheduledExport(
  name: string,
  settings: z.output<typeof exportSchema>,
): ScheduledExport {
  const { stream, retries, parallel, logstore, query, format, compression } = settings;
  const { powerSql, allowIncomplete, roleArn, bucket, prefix } = settings;
  return {
    ...{ name, stream, retries, parallel },
    spec: {
      ...{ logstore, query, format, compression, powerSql, allowIncomplete },
      ...{ roleArn: roleArn ?? null, bucket: bucket ?? null, prefix: prefix ?? null },
    },
    windows: {
      everyMs: settings.every,
      startMs: Math.floor(Date.parse(settings.start) / 1_000) * 1_000,
      utcOffsetMinutes: parseUtcOffset(settings.utcOffset) ?? 0,
      settleMs: settings.settle,
    },
  };
}
