import { isAscii, isUtf8 } from 'node:buffer';
import type { RecordFormat, RecordSpan, RecordSkipper } from './recordFormat.ts';

/** What stands at the next place of a file. */
export type Found<R extends RecordSpan> =
  | {
      readonly kind: 'record';
      readonly line: number;
      /** The text in which `record` has its place. */
      readonly text: string;
      readonly record: R;
    }
  | {
      readonly kind: 'bad';
      readonly line: number;
      readonly reason: 'too_long' | 'not_utf8';
      readonly message: string;
      /** Its beginning, longer than what is shown of it. */
      readonly text: string;
    };

/** Of a record that is not held: enough to know it by, and to find a link that goes on behind what is shown. */
const beginningBytes = 16 * 1024;
const BOM = Buffer.from([0xef, 0xbb, 0xbf]);
const LF = 10;
const CRLF_BYTES = 2;
const LINE_END = /^(?:\r?\n|\r$)/;

/**
 * Finds the records of unpacked bytes, in order, wherever the pieces end. Holds a piece and a record at most; of a record above
 * `recordBytesMax` only its beginning. A byte order mark at the start is no part of the first record.
 */
export async function* readRecords<R extends RecordSpan>(
  pieces: AsyncIterable<Buffer>,
  format: RecordFormat<R>,
  recordBytesMax: number,
): AsyncGenerator<readonly Found<R>[]> {
  const reader = createReader(format, recordBytesMax);
  let isStart = true;
  let start: Buffer = Buffer.alloc(0);
  for await (const piece of pieces) {
    if (!isStart) {
      const found = reader.push(piece);
      if (found.length > 0) yield found;
      continue;
    }
    start = Buffer.concat([start, piece]);
    if (start.length < BOM.length) continue;
    isStart = false;
    const found = reader.push(withoutBom(start));
    if (found.length > 0) yield found;
  }
  const found = isStart ? reader.push(start) : [];
  if (found.length > 0) yield found;
  const last = reader.end();
  if (last.length > 0) yield last;
}

function withoutBom(start: Buffer): Buffer {
  return start.subarray(0, BOM.length).equals(BOM) ? start.subarray(BOM.length) : start;
}

interface Reader<R extends RecordSpan> {
  push(piece: Buffer): readonly Found<R>[];
  end(): readonly Found<R>[];
}

function createReader<R extends RecordSpan>(
  format: RecordFormat<R>,
  recordBytesMax: number,
): Reader<R> {
  /** Bytes from the start of a record on; their end has not come yet. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  /** Looked through again only when it has doubled: else a long record would be, for each of its pieces. */
  let lookAtBytes = 0;
  let line = 1;
  let skipped: {
    readonly skip: RecordSkipper;
    readonly line: number;
    beginning: Buffer;
  } | null = null;

  /** The whole records of what is held and of the piece; the rest is held. */
  const look = (piece: Buffer, isLast: boolean): Found<R>[] => {
    const lineEnd = isLast ? piece.length : piece.lastIndexOf(LF) + 1;
    if (!isLast && (lineEnd === 0 || heldBytes + lineEnd < lookAtBytes)) {
      hold(piece);
      return [];
    }
    const whole = piece.subarray(0, lineEnd);
    const block = held.length === 0 ? whole : Buffer.concat([...held, whole]);
    const { found, consumedBytes } = recordsIn(block, isLast);
    held = [];
    heldBytes = 0;
    hold(block.subarray(consumedBytes));
    lookAtBytes = 2 * heldBytes;
    hold(piece.subarray(lineEnd));
    return found;
  };

  /** A copy: pieces are valid for a moment only. */
  const hold = (bytes: Buffer): void => {
    if (bytes.length === 0) return;
    held.push(Buffer.from(bytes));
    heldBytes += bytes.length;
  };

  /**
   * Bytes are read as characters: what tells records apart is ASCII, and so are nearly all records. One with other signs is decoded by
   * itself. (As a whole, a single sign beyond Latin-1 would double the memory of every row of the block, and the time.)
   */
  const recordsIn = (block: Buffer, isLast: boolean) => {
    const text = block.toString('latin1');
    const isPlain = isAscii(block);
    const { records, consumed: consumedBytes } = format.find(text, isLast);
    const found: Found<R>[] = [];
    for (const record of records) {
      const { start, end } = record;
      found.push(
        isPlain && end - start <= recordBytesMax
          ? { kind: 'record', line, text, record }
          : judged(record, text, block.subarray(start, end)),
      );
      line += record.lines;
    }
    return { found, consumedBytes };
  };

  const judged = (byBytes: R, textOfBytes: string, bytes: Buffer): Found<R> => {
    if (bytes.length > recordBytesMax) {
      return tooLong(line, bytes.toString('utf8', 0, beginningBytes));
    }
    if (isAscii(bytes)) return { kind: 'record', line, text: textOfBytes, record: byBytes };
    // With its line end: a CR before it would pass for one.
    const [lineEnd = ''] = LINE_END.exec(textOfBytes.slice(byBytes.end, byBytes.end + 2)) ?? [];
    const text = bytes.toString('utf8') + lineEnd;
    const [record] = isUtf8(bytes) ? format.find(text, true).records : [];
    if (record !== undefined) return { kind: 'record', line, text, record };
    const message = 'it holds bytes that are not UTF-8';
    const beginning = bytes.toString('utf8', 0, beginningBytes);
    return { kind: 'bad', line, reason: 'not_utf8', message, text: beginning };
  };

  const tooLong = (atLine: number, beginning: string): Found<R> => {
    const message = `it is longer than ${recordBytesMax} bytes`;
    const text = beginning.replace(/[\r\n]+$/, '');
    return { kind: 'bad', line: atLine, reason: 'too_long', message, text };
  };

  const endSkipped = (): Found<R>[] => {
    if (skipped === null) return [];
    const found = tooLong(skipped.line, skipped.beginning.toString('utf8'));
    skipped = null;
    return [found];
  };

  const push = (piece: Buffer): Found<R>[] => {
    if (skipped !== null) {
      const to = skipped.skip(piece);
      const passed = to === -1 ? piece : piece.subarray(0, to);
      const missingBytes = beginningBytes - skipped.beginning.length;
      if (missingBytes > 0) {
        skipped.beginning = Buffer.concat([skipped.beginning, passed.subarray(0, missingBytes)]);
      }
      line += countLineEnds(passed);
      if (to === -1) return [];
      const found = endSkipped();
      return found.concat(push(piece.subarray(to)));
    }
    const found = look(piece, false);
    if (heldBytes <= recordBytesMax + CRLF_BYTES) return found;
    // Held too much: because it was not looked through, or because of a record that is too long.
    lookAtBytes = 0;
    const rest = Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    found.push(...look(rest, false));
    if (heldBytes <= recordBytesMax + CRLF_BYTES) return found;
    const tooLongYet = Buffer.concat(held, heldBytes);
    held = [];
    heldBytes = 0;
    lookAtBytes = 0;
    skipped = { skip: format.createSkipper(), line, beginning: Buffer.alloc(0) };
    return found.concat(push(tooLongYet));
  };

  return {
    push,
    end: () => (skipped !== null ? endSkipped() : look(Buffer.alloc(0), true)),
  };
}

function countLineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(LF); at !== -1; at = bytes.indexOf(LF, at + 1)) count += 1;
  return count;
}
