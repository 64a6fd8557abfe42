import { isUtf8 } from 'node:buffer';

/** A line of a text file, without its line end. */
export interface TextLine {
  readonly text: string;
  /** Bytes beyond the cap that are left out; 0 for a whole line. */
  readonly cutBytes: number;
}

/**
 * Splits bytes into lines at LF and CRLF, in order, as they come; the last one needs no line end, and an end of line at the
 * end of the file begins no further line. A line that is not UTF-8 is read as GBK (GB 18030), and where it is neither, with
 * U+FFFD in its place. UTF-16 is known by its byte order mark. Never more than `lineBytesMax` bytes of a line are held.
 */
export async function* textLines(
  chunks: AsyncIterable<Buffer>,
  limits: { readonly lineBytesMax: number },
): AsyncGenerator<readonly TextLine[]> {
  const splitter = createSplitter(limits.lineBytesMax);
  let isFirst = true;
  let recode: ((chunk: Buffer) => Buffer) | null = null;
  for await (const chunk of chunks) {
    let bytes = chunk;
    if (isFirst && chunk.length > 0) {
      isFirst = false;
      recode = recoderOf(chunk);
      if (chunk.subarray(0, 3).equals(UTF8_MARK)) bytes = chunk.subarray(3);
    }
    const lines = splitter.push(recode === null ? bytes : recode(bytes));
    if (lines.length > 0) yield lines;
  }
  const last = splitter.end();
  if (last.length > 0) yield last;
}

const UTF8_MARK = Buffer.from([0xef, 0xbb, 0xbf]);
const LF = 10;
const CR = 13;
const gbk = new TextDecoder('gb18030', { fatal: true });

/** Text in UTF-16 is turned into UTF-8 first: its line ends are not single bytes. */
function recoderOf(first: Buffer): ((chunk: Buffer) => Buffer) | null {
  const mark = first.length < 2 ? 0 : first.readUInt16BE(0);
  if (mark !== 0xfffe && mark !== 0xfeff) return null;
  const decoder = new TextDecoder(mark === 0xfffe ? 'utf-16le' : 'utf-16be');
  return (chunk) => Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
}

interface Splitter {
  push(chunk: Buffer): readonly TextLine[];
  end(): readonly TextLine[];
}

function createSplitter(lineBytesMax: number): Splitter {
  /** The beginning of a line whose end has not come yet; at most `lineBytesMax` + 1 bytes (a CR may belong to the end). */
  let held: Buffer[] = [];
  let heldBytes = 0;
  let cutBytes = 0;

  const hold = (piece: Buffer): void => {
    const kept = piece.subarray(0, Math.max(0, lineBytesMax + 1 - heldBytes));
    // A copy: the chunk it is part of would be kept alive whole.
    if (kept.length > 0) held.push(Buffer.from(kept));
    heldBytes += kept.length;
    cutBytes += piece.length - kept.length;
  };

  const release = (): TextLine => {
    const start = Buffer.concat(held, heldBytes);
    const line =
      cutBytes > 0
        ? cutLine(start, lineBytesMax, heldBytes + cutBytes)
        : lineOf(start, lineBytesMax);
    held = [];
    heldBytes = 0;
    cutBytes = 0;
    return line;
  };

  return {
    push: (chunk) => {
      const lastEnd = chunk.lastIndexOf(LF);
      if (lastEnd === -1) {
        hold(chunk);
        return [];
      }
      const lines: TextLine[] = [];
      let from = 0;
      if (heldBytes > 0) {
        const firstEnd = chunk.indexOf(LF);
        hold(chunk.subarray(0, firstEnd));
        lines.push(release());
        from = firstEnd + 1;
      }
      if (from <= lastEnd) addLines(lines, chunk.subarray(from, lastEnd), lineBytesMax);
      if (lastEnd + 1 < chunk.length) hold(chunk.subarray(lastEnd + 1));
      return lines;
    },
    end: () => (heldBytes > 0 ? [release()] : []),
  };
}

/** Adds the lines of a block that ends where a line does. Decoded in one go where it is UTF-8: ten times as fast. */
function addLines(lines: TextLine[], block: Buffer, lineBytesMax: number): void {
  if (block.length <= lineBytesMax && isUtf8(block)) {
    for (const line of block.toString('utf8').split('\n')) {
      lines.push({ text: line.endsWith('\r') ? line.slice(0, -1) : line, cutBytes: 0 });
    }
    return;
  }
  for (let from = 0; from <= block.length;) {
    const end = block.indexOf(LF, from);
    const to = end === -1 ? block.length : end;
    lines.push(lineOf(block.subarray(from, to), lineBytesMax));
    from = to + 1;
  }
}

function lineOf(bytes: Buffer, lineBytesMax: number): TextLine {
  const line = bytes.at(-1) === CR ? bytes.subarray(0, -1) : bytes;
  return line.length > lineBytesMax
    ? cutLine(line, lineBytesMax, line.length)
    : { text: decode(line), cutBytes: 0 };
}

/** Cut between two characters where the line is UTF-8: one of them has four bytes at most. */
function cutLine(line: Buffer, lineBytesMax: number, lineBytes: number): TextLine {
  const cuts = [0, 1, 2, 3].map((back) => line.subarray(0, lineBytesMax - back));
  const kept = cuts.find(isUtf8) ?? line.subarray(0, lineBytesMax);
  return { text: decode(kept), cutBytes: lineBytes - kept.length };
}

function decode(line: Buffer): string {
  if (isUtf8(line)) return line.toString('utf8');
  try {
    return gbk.decode(line);
  } catch {
    return line.toString('utf8'); // Neither: U+FFFD for what cannot be read.
  }
}
