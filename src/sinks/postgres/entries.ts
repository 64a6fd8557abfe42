import { createSlots } from '../../domain/slots.ts';
import type { EntrySink } from '../entrySink.ts';
import { parseJsonText } from '../jsonText.ts';
import { appendEntries, type EntryWriter } from './appendEntries.ts';
import { keepMonths } from './retention.ts';
import { translated } from './errors.ts';

/** Appends that hold a connection at once. The rest wait, and with them the answers they read: the pool stays open for others. */
const appendsAtOnceMax = 5;

/** Log entries: see EntrySink. */
export function entriesOf(writer: EntryWriter): EntrySink {
  const { database } = writer;
  const lend = createSlots();
  return {
    appendEntries: (append) =>
      lend({ key: 'append', atOnceMax: appendsAtOnceMax }, () => appendEntries(writer, append)),
    keepMonths: (upkeep) => keepMonths(writer, upkeep),
    partitionStates: (streamId) =>
      translated(database.url, async () => {
        const { rows } = await database.pool.query<{ partition: string; state: string }>(
          `select partition, state::text
           from checkpoints
           where stream_id = $1 and partition <> '' and state is not null`,
          [streamId],
        );
        return new Map(rows.map(({ partition, state }) => [partition, parseJsonText(state)]));
      }),
  };
}
