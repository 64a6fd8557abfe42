import { codeartsLogFiles } from './codeartsLogFiles.ts';
import { deliveryHistoryJobs } from './deliveryHistoryJobs.ts';
import { oosExecutionLogs } from './oosExecutionLogs.ts';
import { slsDownloadJobs } from './slsDownloadJobs.ts';
import { slsProjectLogs } from './slsProjectLogs.ts';
import type { CountedTable } from '../domain/column.ts';
import type { Source } from './source.ts';

/** Every source LogFerry can read. A new one is its file, its test, its table and a line here. */
export const sources: readonly Source[] = [
  erased(slsDownloadJobs),
  erased(slsProjectLogs),
  erased(deliveryHistoryJobs),
  erased(codeartsLogFiles),
  erased(oosExecutionLogs),
];

/** The table that holds the entries of each source, by source id. */
export function countedTables(): ReadonlyMap<string, CountedTable> {
  return new Map(
    sources.map(({ id, table, ...rest }) => [
      id,
      { name: table.name, holdsJobs: 'tracking' in rest },
    ]),
  );
}

/** The source with this id, or undefined. */
export function sourceOf(id: string): Source | undefined {
  return sources.find((source) => source.id === id);
}

/**
 * Forgets the type of a source's stream settings. Sound because settings reach a source only after its own
 * `streamSchema` has parsed them (config).
 */
function erased<Stream>(source: Source<Stream>): Source {
  return source as Source & Source<Stream>;
}
