import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { faultOfEntries, type DeclaredEntry } from '../../src/domain/archiveFault.ts';

const limits = { entriesMax: 100, entryBytesMax: 1e9, totalBytesMax: 1e10, ratioMax: 200 };

function entry(more: Partial<DeclaredEntry> = {}): DeclaredEntry {
  return {
    ...{ name: 'a.log', isEncrypted: false, isSymlink: false, compressionMethod: 8 },
    ...{ packedBytes: 100, bytes: 1_000, offset: 0 },
    ...more,
  };
}

const sizes = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 2, maxLength: 20 });

/** Entries that lie one behind the other, as an honest writer puts them. */
function inARow(packed: readonly number[]): readonly DeclaredEntry[] {
  let offset = 0;
  return packed.map((packedBytes, index) => {
    const placed = entry({ name: `${index}.log`, packedBytes, offset });
    offset += 30 + placed.name.length + packedBytes;
    return placed;
  });
}

describe('the entries of a directory', () => {
  it('that lie one behind the other are not refused, in whatever order they are listed', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), (packed, turn) => {
        const entries = inARow(packed);
        const at = turn % entries.length;
        expect(faultOfEntries([...entries.slice(at), ...entries.slice(0, at)], limits)).toBeNull();
      }),
    );
  });

  it('of which two share a byte are refused', () => {
    fc.assert(
      fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 30 }), (packed, turn, by) => {
        const entries = inARow(packed);
        const at = 1 + (turn % (entries.length - 1));
        const moved = entries.map((one, index) =>
          index < at ? one : { ...one, offset: one.offset - one.name.length - by },
        );
        const overlap = faultOfEntries(moved, limits)?.fault;
        expect(overlap).toBe('overlapping_entries');
      }),
    );
  });

  it.each([
    ['../a', 'unsafe_name'],
    ['a/..', 'unsafe_name'],
    ['/a', 'unsafe_name'],
    ['\\a', 'unsafe_name'],
    ['c:a', 'unsafe_name'],
    ['a\0', 'nul_in_name'],
    ['a..b/..c', undefined],
    ['a/./b', undefined],
    ['日志.log', undefined],
  ])('named %j: %p', (name, fault) => {
    expect(faultOfEntries([entry({ name })], limits)?.fault).toBe(fault);
  });

  it('may unpack to a thousand times their size while they are small', () => {
    expect(faultOfEntries([entry({ packedBytes: 1, bytes: 1_000_000 })], limits)).toBeNull();
    expect(faultOfEntries([entry({ packedBytes: 1, bytes: 2_000_000 })], limits)?.fault).toBe(
      'ratio_too_high',
    );
  });

  it('are shown in messages on one line, whatever their names hold', () => {
    const name = `../${'x\n\u{1b}[31m'.repeat(50)}`;
    expect(faultOfEntries([entry({ name })], limits)?.message).toMatch(/^.{1,140}$/);
  });
});
