import { describe, expect, it } from '@jest/globals';
import { ArchiveRefused, type ArchiveFault } from '../../src/domain/archiveFault.ts';
import type { ArchiveLine, ArchiveReadLimits, ReadEntry } from '../../src/engine/filePort.ts';
import { readArchive } from '../../src/files/readArchive.ts';
import {
  HOSTILE_ARCHIVES,
  hostileArchive,
  type HostileArchive,
} from '../../src/simulator/huawei/archives.ts';
import { zipOf } from '../../src/simulator/huawei/zip.ts';
import { LIMITS, withFetched } from './fetched.ts';

async function read(
  bytes: Buffer,
  limits: Partial<ArchiveReadLimits> = {},
): Promise<{ readonly lines: readonly ArchiveLine[]; readonly entries: readonly ReadEntry[] }> {
  return withFetched(bytes, async (file) => {
    const reading = readArchive(file, { ...LIMITS, ...limits });
    const lines: ArchiveLine[] = [];
    for await (const batch of reading.lines) lines.push(...batch);
    return { lines, entries: reading.entries() };
  });
}

async function faultOf(bytes: Buffer, limits: Partial<ArchiveReadLimits> = {}) {
  try {
    await read(bytes, limits);
  } catch (error) {
    if (error instanceof ArchiveRefused) return error.fault;
    throw error;
  }
  return null;
}

const expected: Readonly<Record<HostileArchive, ArchiveFault>> = {
  parentName: 'unsafe_name',
  innerParentName: 'unsafe_name',
  absoluteName: 'unsafe_name',
  driveName: 'unsafe_name',
  backslashParentName: 'unsafe_name',
  nulInName: 'nul_in_name',
  cutInHalf: 'not_an_archive',
  lastBytesCut: 'not_an_archive',
  bytesMissingInside: 'not_an_archive',
  emptyFile: 'not_an_archive',
  notAZip: 'not_an_archive',
  zipCrypto: 'encrypted',
  strongEncryption: 'encrypted',
  aes: 'encrypted',
  unknownMethod: 'unknown_compression',
  wrongCrc: 'wrong_crc',
  wrongCrcStored: 'wrong_crc',
  flippedByte: 'wrong_crc',
  declaredTooSmall: 'wrong_size',
  declaredTooLarge: 'wrong_size',
  declaredOtherSizeStored: 'wrong_size',
  manyEntries: 'too_many_entries',
  sharedBody: 'overlapping_entries',
  zeros: 'ratio_too_high',
  hugeEntry: 'entry_too_large',
  symlink: 'symlink',
};

describe('a hostile archive', () => {
  it.each(HOSTILE_ARCHIVES.map((kind) => [kind, expected[kind]] as const))(
    'is refused: %s as %s',
    async (kind, fault) => {
      expect(await faultOf(hostileArchive(kind))).toBe(fault);
    },
  );

  it('is refused when its entries are too large together', async () => {
    const data = Buffer.from('a line\n'.repeat(100));
    const bytes = zipOf([1, 2, 3].map((n) => ({ name: `${n}.log`, data })));
    expect(await faultOf(bytes, { totalBytesMax: 2_000 })).toBe('too_large');
    expect(await faultOf(bytes, { totalBytesMax: 2_100 })).toBeNull();
  });

  it('is read by a reader that judges nothing: the refusals above are this wrapper’s', async () => {
    const bytes = hostileArchive('zeros');
    expect(await faultOf(bytes, { ratioMax: Number.POSITIVE_INFINITY })).toBeNull();
  });
});

const text = 'first\r\n\nthird, without an end';

describe('a good archive', () => {
  const data = Buffer.from(text);
  it.each([
    ['deflated', zipOf([{ name: 'a.log', data }])],
    ['stored', zipOf([{ name: 'a.log', data, stored: true }])],
    ['with sizes behind the data', zipOf([{ name: 'a.log', data, descriptor: true }])],
    ['in ZIP64', zipOf([{ name: 'a.log', data, zip64: true }])],
    [
      'with a comment of a folder',
      zipOf([
        { name: 'd/', data: Buffer.alloc(0), stored: true },
        { name: 'a.log', data },
      ]),
    ],
  ])('%s gives its lines in order', async (_, bytes) => {
    const { lines } = await read(bytes);
    expect(
      lines.map(({ entry, lineNumber, text: line }) => [entry.name, lineNumber, line]),
    ).toEqual([
      ['a.log', 1, 'first'],
      ['a.log', 2, ''],
      ['a.log', 3, 'third, without an end'],
    ]);
  });

  it('without entries gives no line', async () => {
    expect(await read(zipOf([]))).toEqual({ lines: [], entries: [] });
  });

  it('keeps names in UTF-8, marked or not, and in GBK', async () => {
    const gbk = Buffer.from([0xc8, 0xd5, 0xd6, 0xbe, 0x2e, 0x6c, 0x6f, 0x67]);
    const { entries } = await read(
      zipOf([
        { name: '日志.log', data },
        { name: '日志 2.log', data, flags: 0 },
        { name: gbk, data },
      ]),
    );
    expect(entries.map(({ name }) => name)).toEqual(['日志.log', '日志 2.log', '日志.log']);
  });

  it('tells entries of one name apart by their place, and empty ones by having no line', async () => {
    const { lines, entries } = await read(
      zipOf([
        { name: 'a.log', data: Buffer.from('one') },
        { name: 'empty.log', data: Buffer.alloc(0) },
        { name: 'a.log', data: Buffer.from('two') },
      ]),
    );
    expect(lines.map(({ entry, text: line }) => [entry.number, line])).toEqual([
      [1, 'one'],
      [3, 'two'],
    ]);
    expect(entries.map((entry) => [entry.name, entry.bytes, entry.lines])).toEqual([
      ['a.log', 3, 1],
      ['empty.log', 0, 0],
      ['a.log', 3, 1],
    ]);
  });
});
