import { gzipSync } from 'node:zlib';
import type { LogFields } from '../sls/logQuery.ts';
import { ByteCache } from './byteCache.ts';
import { etagOf } from './etag.ts';
import type { ExportFileSpec, FileFormat } from './fileSpec.ts';
import { lz4Frame } from './lz4.ts';
import { madeEntries, madeText } from './madeEntries.ts';
import type { MadeText } from './madeEntries.ts';
import { columnsOf, recordWriter } from './recordText.ts';
import { zstdFrame } from './zstd.ts';

/** What a job says of its file. */
export interface FileFacts {
  readonly fileBytes: number;
  readonly logCount: number;
  /** Without quotes, in upper case: `<MD5>`, `<MD5>-<parts>`, or the text that the spec gives. */
  readonly checkSum: string;
}

const HELD_BYTES_MAX = 64 * 1024 * 1024;
const held = new ByteCache<ExportFile>(HELD_BYTES_MAX);

/** The file of one finished job: what it is follows from its spec alone, so it is rendered whenever it is not held. */
export class ExportFile {
  readonly #spec: ExportFileSpec;
  readonly #format: FileFormat;
  #facts: FileFacts | null = null;
  #made: MadeText | null = null;

  constructor(spec: ExportFileSpec, format: FileFormat) {
    this.#spec = spec;
    this.#format = format;
  }

  /** Reads the whole file when it is first asked for, unless the spec gives the ETag: 2 s for 1 GiB. */
  facts(): FileFacts {
    this.#facts ??= this.#findFacts();
    return this.#facts;
  }

  /** The bytes [start, end) of the file, made while they are taken. */
  pieces(start: number, end: number): Iterable<Buffer> {
    const streamed = this.#streamed();
    return streamed === null ? [this.#whole().subarray(start, end)] : streamed.pieces(start, end);
  }

  /** The entries that a reader can read in it, in order; none of a file that is given by its bytes. */
  rows(): readonly LogFields[] {
    const bad = this.#badRows();
    return [...this.#entries()].filter((_, index) => !bad.has(index + 1));
  }

  #findFacts(): FileFacts {
    const streamed = this.#streamed();
    const fileBytes = streamed?.bytes ?? this.#whole().length;
    const { etag, parts = 1 } = this.#spec;
    const checkSum = etag ?? etagOf(this.pieces(0, fileBytes), { bytes: fileBytes, parts });
    return { fileBytes, logCount: this.#logCount(), checkSum };
  }

  #logCount(): number {
    if ('bytes' in this.#spec) return this.#spec.contentLogCount;
    if ('madeRows' in this.#spec) return this.#spec.madeRows;
    return [...this.#spec.rows].length;
  }

  /** null: the file is held as a whole. */
  #streamed(): MadeText | null {
    const spec = this.#spec;
    const { contentType, compressionType } = this.#format;
    if (!('madeRows' in spec) || compressionType !== 'none' || this.#badRows().size > 0)
      return null;
    this.#made ??= madeText(spec, contentType);
    return this.#made;
  }

  #whole(): Buffer {
    const spec = this.#spec;
    if ('bytes' in spec) return spec.bytes;
    return held.get(this, () => packed(this.#text(), this.#format.compressionType));
  }

  #text(): Buffer {
    const spec = this.#spec;
    const bad = this.#badRows();
    if ('madeRows' in spec && bad.size === 0) {
      const text = madeText(spec, this.#format.contentType);
      return Buffer.concat([...text.pieces(0, text.bytes)]);
    }
    const writer = recordWriter(this.#format.contentType, columnsOf(this.#entries()));
    const pieces = [Buffer.from(writer.header)];
    let number = 0;
    for (const row of this.#entries()) {
      number += 1;
      pieces.push(Buffer.from(bad.has(number) ? writer.badRecord(row) : writer.record(row)));
    }
    return Buffer.concat(pieces);
  }

  #entries(): Iterable<LogFields> {
    if ('bytes' in this.#spec) return [];
    return 'madeRows' in this.#spec ? madeEntries(this.#spec) : this.#spec.rows;
  }

  #badRows(): ReadonlySet<number> {
    return new Set('bytes' in this.#spec ? [] : this.#spec.badRows);
  }
}

function packed(text: Buffer, compressionType: FileFormat['compressionType']): Buffer {
  switch (compressionType) {
    case 'none':
      return text;
    case 'gzip':
      // The lowest level: a list of jobs with real files waits for this.
      return gzipSync(text, { level: 1 });
    case 'lz4':
      return lz4Frame(text);
    case 'zstd':
      return zstdFrame(text);
  }
}
