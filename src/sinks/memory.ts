import type { Contents } from './memory/contents.ts';
import { emptyContents } from './memory/contents.ts';
import { downloadsOf } from './memory/downloads.ts';
import { entriesOf } from './memory/entries.ts';
import { filesOf } from './memory/files.ts';
import { jobsOf } from './memory/jobs.ts';
import { budgetsOf, operationsOf } from './memory/operations.ts';
import { ordersOf } from './memory/orders.ts';
import { walksOf } from './memory/walks.ts';
import type { Sink } from './sink.ts';

export interface MemorySink extends Sink {
  readonly contents: Readonly<Contents>;
}

/** The sink for `--dry-run` and tests: keeps every promise of the port but durability, in this process only. */
export function openMemorySink(): MemorySink {
  const contents = emptyContents();
  return {
    ...walksOf(contents),
    ...entriesOf(contents),
    ...filesOf(contents),
    ...downloadsOf(contents),
    ...jobsOf(contents),
    ...ordersOf(contents),
    ...budgetsOf(contents),
    ...operationsOf(contents),
    contents,
    close: async () => undefined,
  };
}
