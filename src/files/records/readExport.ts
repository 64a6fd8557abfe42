import { setImmediate } from 'node:timers/promises';
import { withholdInText } from '../../domain/links.ts';
import { storableText } from '../../domain/storable.ts';
import {
  ExportRefused,
  type BadRecord,
  type ExportBatch,
  type ExportReading,
  type ExportReadOptions,
  type ExportRow,
  type FetchedFile,
} from '../../engine/filePort.ts';
import { csvRows } from './csvRows.ts';
import { jsonLineRows } from './jsonLineRows.ts';
import { readRecords, type Found } from './recordReader.ts';
import type { RecordSpan } from './recordFormat.ts';
import type { RowFormat } from './rowFormat.ts';
import { unpackFile, type Unpacking } from '../unpack/unpackFile.ts';

/** Unpacks and parses an exported file as it is read: see FileEngine.readExport. */
export function readExport(
  file: FetchedFile,
  how: ExportReadOptions,
  signal: AbortSignal,
): ExportReading {
  const unpacking = unpackFile(file, how.limits, signal);
  const batches =
    how.format === 'csv'
      ? batchesOf(unpacking, csvRows(how.timeField), how)
      : batchesOf(unpacking, jsonLineRows(how.timeField), how);
  return {
    batches,
    compression: unpacking.compression,
    unpackedBytes: unpacking.unpackedBytes,
  };
}

/** What one transaction stores well, and what a few of them hold in memory. */
const batchRecordsMax = 500;
const batchCharactersMax = 512 * 1024;

async function* batchesOf<R extends RecordSpan>(
  unpacking: Unpacking,
  format: RowFormat<R>,
  { skipRecords, limits }: ExportReadOptions,
): AsyncGenerator<ExportBatch> {
  let records = 0;
  let rows: ExportRow[] = [];
  let bad: BadRecord[] = [];
  let characters = 0;

  /** False when the place holds no record. */
  const take = (found: Found<R>): boolean => {
    if (found.kind === 'bad') {
      format.noteBad(found.message);
      records += 1;
      if (records > skipRecords) addBad(found, found);
      return true;
    }
    if (!format.isRow(found.text, found.record)) return false;
    records += 1;
    if (records <= skipRecords) return true;
    const built = format.build(found.text, found.record);
    if (built.kind === 'bad') {
      const { start, end } = found.record;
      const text = found.text.slice(start, Math.min(end, start + looksBehind));
      addBad({ line: found.line, text }, built);
    } else {
      rows.push({ rowNo: records, loggedAtMs: built.loggedAtMs, content: built.content });
      characters += built.content.length;
    }
    return true;
  };

  const addBad = (
    at: Pick<BadRecord, 'line' | 'text'>,
    { reason, message }: Pick<BadRecord, 'reason' | 'message'>,
  ): void => {
    const text = shownText(at.text);
    bad.push({ rowNo: records, line: at.line, reason, message, text });
    characters += text.length;
  };

  const batch = (): ExportBatch => {
    const full = { rows, bad, records, packedBytes: unpacking.packedBytes() };
    rows = [];
    bad = [];
    characters = 0;
    return full;
  };

  try {
    for await (const found of readRecords(
      unpacking.pieces,
      format.records,
      limits.recordBytesMax,
    )) {
      for (const place of found) {
        if (!take(place)) continue;
        if (rows.length + bad.length >= batchRecordsMax || characters >= batchCharactersMax) {
          yield batch();
        }
      }
      // Whole files are passed over without a pause otherwise: many pieces come out of one that was read.
      await setImmediate();
    }
  } catch (error) {
    // What was read before stands, down to the last record.
    if (error instanceof ExportRefused && rows.length + bad.length > 0) yield batch();
    throw error;
  }
  if (rows.length + bad.length > 0) yield batch();
}

const shownCharactersMax = 2_000;
/** A link is withheld whole, also one that goes on behind what is shown. */
const looksBehind = 16 * 1024;

function shownText(text: string): string {
  // As it would stand in a field: in JSON that cannot be read, the sign before a link's query may be an escape.
  const plain = text.slice(0, looksBehind).replaceAll(/\\u003f/gi, '?');
  return storableText(withholdInText(plain).slice(0, shownCharactersMax));
}
