import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExportFile } from '../../../src/simulator/oss/exportFile.ts';
import type { ExportFileSpec, FileFormat } from '../../../src/simulator/oss/fileSpec.ts';
import { ROWS, md5 } from './fetched.ts';

const MADE = { madeRows: 10_000, fromS: 1_795_000_000, perSecond: 3 };
const CSV = { contentType: 'csv', compressionType: 'none' } as const;
const JSON_LINES = { contentType: 'json', compressionType: 'none' } as const;

function bytesOf(file: ExportFile, start = 0, end = file.facts().fileBytes): Buffer {
  return Buffer.concat([...file.pieces(start, end)]);
}

function textOf(spec: ExportFileSpec, format: FileFormat): string {
  return bytesOf(new ExportFile(spec, format)).toString('utf8');
}

/** RFC 4180, written for these tests alone. */
function csvRecords(text: string): readonly (readonly string[])[] {
  const records: string[][] = [[]];
  for (const [, quoted, plain, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/g)) {
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    if (end === '\n') records.push([]);
  }
  return records.slice(0, -1);
}

function fromCsv(text: string): readonly Record<string, string>[] {
  const [header = [], ...records] = csvRecords(text);
  return records.map((record) =>
    Object.fromEntries(header.map((name, index) => [name, record[index] ?? ''])),
  );
}

function fromJson(text: string): readonly unknown[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line): unknown => JSON.parse(line));
}

describe('the file of a job', () => {
  it('holds exactly the rows it was given, as CSV and as JSON lines', () => {
    expect(fromCsv(textOf({ rows: ROWS }, CSV))).toEqual(ROWS);
    expect(fromJson(textOf({ rows: ROWS }, JSON_LINES))).toEqual(ROWS);
  });

  it('holds any text there is', () => {
    const rows = fc.array(fc.record({ a: fc.string({ unit: 'grapheme' }), 'b,"': fc.string() }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(rows, (some) => {
        const lines = some.map((row) => ({ ...row }));
        expect(fromCsv(textOf({ rows: lines }, CSV))).toEqual(lines);
        expect(fromJson(textOf({ rows: lines }, JSON_LINES))).toEqual(lines);
      }),
    );
  });

  it('has a column for every field that any row has, and an empty cell where a row has it not', () => {
    const rows: Record<string, string>[] = [{ a: '1' }, { b: '2', a: '' }];
    expect(textOf({ rows }, CSV)).toBe('a,b\n1,\n,2\n');
  });

  it.each(['none', 'gzip', 'lz4', 'zstd'] as const)(
    'says its real size, MD5 and number of rows, packed by %s',
    (compressionType) => {
      const file = new ExportFile(MADE, { contentType: 'json', compressionType });
      const bytes = bytesOf(file);
      expect(file.facts()).toEqual({
        fileBytes: bytes.length,
        logCount: 10_000,
        checkSum: md5(bytes),
      });
    },
  );

  it('is the same text, packed or not', () => {
    const packed = bytesOf(new ExportFile(MADE, { contentType: 'csv', compressionType: 'gzip' }));
    expect(gunzipSync(packed).equals(bytesOf(new ExportFile(MADE, CSV)))).toBe(true);
  });

  it('uploaded in parts has the MD5 of the MD5s of its parts, and their number', () => {
    const bytes = Buffer.from('part one|part two|part 3');
    const parts = [bytes.subarray(0, 8), bytes.subarray(8, 16), bytes.subarray(16)];
    const sums = Buffer.concat(parts.map((part) => Buffer.from(md5(part), 'hex')));
    const file = new ExportFile({ bytes, contentLogCount: 1, parts: 3 }, CSV);
    expect(file.facts().checkSum).toBe(`${md5(sums)}-3`);
  });

  it('can have an ETag of a form that nobody knows, and bytes that are no file at all', () => {
    const spec = { bytes: Buffer.from('???'), contentLogCount: 9, etag: 'odd' };
    const file = new ExportFile(spec, CSV);
    expect([file.facts(), file.rows()]).toEqual([
      { fileBytes: 3, logCount: 9, checkSum: 'odd' },
      [],
    ]);
  });

  it('with bad rows has them where they were asked for, counts them, and does not call them rows', () => {
    const file = new ExportFile({ rows: ROWS, badRows: [2, 300] }, JSON_LINES);
    const bad = bytesOf(file)
      .toString('utf8')
      .split('\n')
      .slice(0, -1)
      .flatMap((line, index) => (line.endsWith('}') ? [] : [index + 1]));
    const ragged = csvRecords(textOf({ rows: ROWS, badRows: [2, 300] }, CSV)).flatMap(
      (record, index) => (record.length === 3 ? [] : [index]),
    );
    expect([bad, ragged, file.facts().logCount, file.rows().length]).toEqual([
      [2, 300],
      [2, 300],
      300,
      298,
    ]);
  });
});

describe('made-up entries', () => {
  it('are all in the file, in order, each under a number of its own', () => {
    for (const spec of [MADE, { ...MADE, madeRows: 4096 }, { ...MADE, madeRows: 1 }]) {
      const file = new ExportFile(spec, CSV);
      const rows = fromCsv(bytesOf(file).toString('utf8'));
      expect(rows).toEqual(file.rows());
      expect(new Set(rows.map((row) => row['request_id'])).size).toBe(spec.madeRows);
    }
  });

  it('say at each second as many things as were asked for', () => {
    const seconds = new ExportFile(MADE, JSON_LINES).rows().map((row) => Number(row['__time__']));
    expect(seconds.slice(0, 7).map((second) => second - MADE.fromS)).toEqual([0, 0, 0, 1, 1, 1, 2]);
    expect(seconds.at(-1)).toBe(MADE.fromS + 3333);
  });

  it('have commas, quotes, line ends, Chinese and empty fields among them', () => {
    const all = new ExportFile(MADE, CSV).rows().map((row) => Object.values(row).join('\t'));
    for (const odd of [',', '"', '\n', '\r\n', '订单', '\t\t']) {
      expect(all.some((text) => text.includes(odd))).toBe(true);
    }
  });

  it('give any part of the file without the parts before it', () => {
    for (const format of [CSV, JSON_LINES]) {
      const file = new ExportFile(MADE, format);
      const whole = bytesOf(file);
      const place = fc.oneof(
        fc.nat(whole.length),
        fc.constantFrom(0, 1, 90, 91, 92, whole.length - 1, whole.length),
      );
      fc.assert(
        fc.property(place, place, (a, b) => {
          const [start, end] = [Math.min(a, b), Math.max(a, b)];
          expect(bytesOf(file, start, end).equals(whole.subarray(start, end))).toBe(true);
        }),
      );
    }
  });

  it('of none is a file with a header alone', () => {
    const file = new ExportFile({ ...MADE, madeRows: 0 }, CSV);
    expect(bytesOf(file).toString('utf8')).toMatch(/^__time__,[a-z_,]+\n$/);
    expect(file.facts().logCount).toBe(0);
  });

  it('make a file of 10 GB whose end comes without the rest of it', () => {
    const spec = { madeRows: 50_000_000, fromS: 1_795_000_000, perSecond: 1000, etag: 'unread' };
    const file = new ExportFile(spec, CSV);
    const { fileBytes } = file.facts();
    const tail = bytesOf(file, fileBytes - 400, fileBytes).toString('utf8');
    expect(fileBytes).toBeGreaterThan(10_000_000_000);
    expect(tail).toContain((49_999_999).toString(16).padStart(12, '0'));
  });
});
