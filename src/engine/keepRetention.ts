import type { EngineDeps, StreamRuntime } from './ports.ts';
import { isWindowStream } from './ports.ts';

/** Makes the months to come of every monthly table, and removes what is past its stream's retention. */
export async function keepRetention(
  { sink, clock, log }: Pick<EngineDeps, 'sink' | 'clock' | 'log'>,
  streams: readonly StreamRuntime[],
): Promise<{ readonly dropped: number; readonly deleted: number }> {
  const monthly = streams.filter(isWindowStream);
  let [dropped, deleted] = [0, 0];
  for (const table of new Set(monthly.map(({ source }) => source.table))) {
    const retentionMs = new Map(
      monthly.flatMap(({ streamId, source, settings }) => {
        const kept = source.settings(settings).retentionMs;
        return source.table === table && kept !== null ? [[streamId, kept] as const] : [];
      }),
    );
    const done = await sink.keepMonths({ table, nowMs: clock.nowMs(), retentionMs });
    dropped += done.dropped;
    deleted += done.deleted;
    if (done.dropped + done.deleted > 0) {
      log.info({ event: 'retention_applied', table: table.name, ...done }, 'retention applied');
    }
  }
  return { dropped, deleted };
}
