import { isAscii } from 'node:buffer';
import type { JsonValue } from '../domain/json.ts';
import { JsonError, parseJson } from './json.ts';

/** Bytes of rows parsed in one go. Measured with rows of 400 bytes: smaller costs time, larger memory. */
const batchBytes = 256 * 1024;
/** What comes before the array: nothing, or the first fields of the object around it. */
const headBytesMax = 10_000;
/** A row larger than this is a mistake or a trap. */
const rowBytesMax = 64 * 1024 * 1024;

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Reads a JSON array of any length while it comes in, some rows at a time; at no time is more held than a batch and a row. Also
 * reads the array of an object that has it as its last field `logs`: the shape that the API page of GetProjectLogs prints.
 * @throws JsonError: `truncated` when the body ends before the array does; `malformed` when it is no such array
 */
export async function* jsonRows(body: AsyncIterable<Buffer>): AsyncGenerator<readonly JsonValue[]> {
  const scan = createScanner();
  for await (const piece of body) {
    const rows = scan.add(piece);
    if (rows !== null) yield parseRows(rows);
  }
  scan.end();
}

function parseRows(rows: Buffer): readonly JsonValue[] {
  // ASCII, which most rows are, decodes ten times as fast as what it is.
  const text = rows.toString(isAscii(rows) ? 'latin1' : 'utf8');
  return parseJson(`[${text}]`) as readonly JsonValue[];
}

/**
 * Finds where rows end, byte by byte: no byte of a UTF-8 character is one of JSON's own signs. What stands between them is
 * judged by the parser.
 */
function createScanner() {
  let phase: 'before' | 'rows' | 'after' = 'before';
  let head: Buffer = Buffer.alloc(0);
  let before = '';
  let isWrapped = false;
  let after = '';
  /** Pieces not handed out yet; only the last one has not been looked through. */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let depth = 0;
  let inString = false;
  let isEscaped = false;

  /** Rows up to `at` of this piece, with what was held; the comma there is dropped. */
  function take(piece: Buffer, at: number): Buffer {
    const rows = Buffer.concat([...held, piece.subarray(0, at)]);
    held = [];
    heldBytes = 0;
    return rows;
  }

  function open(piece: Buffer): Buffer | null {
    const at = piece.indexOf(OPEN_ARRAY);
    head = Buffer.concat([head, at < 0 ? piece : piece.subarray(0, at)]);
    before = head.toString('utf8').replace(/^\uFEFF/, '');
    if (head.length > headBytesMax) throw new JsonError('malformed');
    if (at < 0) {
      if (/^\s*[^\s{\uFFFD]/.test(before)) throw new JsonError('malformed');
      return null;
    }
    isWrapped = /^\s*\{[^]*"logs"\s*:\s*$/.test(before);
    if (!isWrapped && before.trim() !== '') throw new JsonError('malformed');
    phase = 'rows';
    return piece.subarray(at + 1);
  }

  function add(given: Buffer): Buffer | null {
    const piece = phase === 'before' ? open(given) : given;
    if (piece === null) return null;
    if (phase === 'after') {
      if (after.length < headBytesMax) after += piece.toString('utf8');
      return null;
    }
    let endAt = -1;
    for (let at = 0; at < piece.length; at += 1) {
      const byte = piece[at];
      if (inString) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
      else if (byte === CLOSE_OBJECT) depth -= 1;
      else if (byte === CLOSE_ARRAY) {
        if (depth === 0) {
          phase = 'after';
          after = piece.toString('utf8', at + 1);
          return nothingIfBlank(take(piece, at));
        }
        depth -= 1;
      } else if (byte === COMMA && depth === 0) endAt = at;
      if (depth < 0) throw new JsonError('malformed');
    }
    if (endAt >= 0 && heldBytes + endAt >= batchBytes) {
      const rows = take(piece, endAt);
      held = [piece.subarray(endAt + 1)];
      heldBytes = piece.length - endAt - 1;
      return rows;
    }
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes > rowBytesMax) throw new JsonError('malformed');
    return null;
  }

  return {
    add,
    end: (): void => {
      if (phase === 'before') throw new JsonError(isWhole(before) ? 'malformed' : 'truncated');
      if (phase === 'rows') throw new JsonError('truncated');
      const rest = after.trim();
      if (isWrapped && rest === '') throw new JsonError('truncated');
      if (isWrapped ? !rest.startsWith('}') && !rest.startsWith(',') : rest !== '') {
        throw new JsonError('malformed');
      }
    },
  };
}

/** JSON to its end, and no array in it. */
function isWhole(text: string): boolean {
  try {
    parseJson(text);
    return true;
  } catch {
    return false;
  }
}

function nothingIfBlank(rows: Buffer): Buffer | null {
  return rows.toString('latin1').trim() === '' ? null : rows;
}
