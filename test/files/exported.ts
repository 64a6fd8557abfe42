import { expect } from '@jest/globals';
import {
  ExportRefused,
  type BadRecord,
  type ExportLimits,
  type ExportReadOptions,
  type ExportRow,
} from '../../src/engine/filePort.ts';
import { readExport } from '../../src/files/records/readExport.ts';
import { withFetched } from './fetched.ts';

const LIMITS: ExportLimits = {
  unpackedBytesMax: 2 ** 32,
  ratioMax: 10_000,
  recordBytesMax: 1024 * 1024,
};

interface Read {
  readonly rows: readonly ExportRow[];
  readonly bad: readonly BadRecord[];
  readonly records: number;
  readonly fault: string | null;
  /** The most rows and characters that one batch held. */
  readonly largest: { readonly records: number; readonly characters: number };
}

export type How = Partial<Omit<ExportReadOptions, 'limits'>> & {
  readonly limits?: Partial<ExportLimits>;
  readonly signal?: AbortSignal;
};

/** Everything that a reading of these bytes gives, until its end or its refusal. */
export async function read(content: string | Buffer, how: How): Promise<Read> {
  const limits = { ...LIMITS, ...how.limits };
  const { signal = new AbortController().signal } = how;
  const options = { format: 'csv', skipRecords: 0, timeField: '__time__', ...how, limits } as const;
  return withFetched(Buffer.from(content), async (file) => {
    const rows: ExportRow[] = [];
    const bad: BadRecord[] = [];
    let records = options.skipRecords;
    let fault: string | null = null;
    const largest = { records: 0, characters: 0 };
    try {
      for await (const batch of readExport(file, options, signal).batches) {
        expect(batch.records).toBe(records + batch.rows.length + batch.bad.length);
        expect(batch.packedBytes).toBeLessThanOrEqual(file.bytes);
        ({ records } = batch);
        rows.push(...batch.rows);
        bad.push(...batch.bad);
        largest.records = Math.max(largest.records, batch.rows.length + batch.bad.length);
        const characters = batch.rows.reduce((sum, row) => sum + row.content.length, 0);
        largest.characters = Math.max(largest.characters, characters);
      }
    } catch (error) {
      if (!(error instanceof ExportRefused)) throw error;
      ({ fault } = error);
    }
    return { rows, bad, records, fault, largest };
  });
}

/** The content of every row of a file that has no bad one. */
export async function contents(content: string | Buffer, how: How): Promise<readonly unknown[]> {
  const { rows, bad, fault } = await read(content, how);
  expect([bad, fault]).toEqual([[], null]);
  return rows.map((row): unknown => JSON.parse(row.content));
}
