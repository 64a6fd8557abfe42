import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JsonError, parseJson } from '../../src/http/json.ts';
import { jsonRows } from '../../src/http/jsonRows.ts';

async function* piecesOf(text: string | Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  const bytes = Buffer.from(text);
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = Math.max(1, sizes[turn % sizes.length] ?? bytes.length);
    await Promise.resolve();
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

async function rowsOf(
  text: string | Buffer,
  sizes: readonly number[] = [7],
): Promise<readonly unknown[]> {
  const rows: unknown[] = [];
  for await (const some of jsonRows(piecesOf(text, sizes))) rows.push(...some);
  return rows;
}

async function faultOf(text: string): Promise<string> {
  try {
    await rowsOf(text);
  } catch (error) {
    if (error instanceof JsonError) return error.fault;
    throw error;
  }
  return 'none';
}

const sizes = fc.array(fc.integer({ min: 1, max: 64 }), { minLength: 1, maxLength: 5 });

describe('rows of a JSON array', () => {
  it('are those that parsing it whole finds, wherever the body is cut into pieces', async () => {
    const json = fc.array(fc.jsonValue(), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(json, fc.constantFrom(0, 2), sizes, async (value, indent, cut) => {
        const text = JSON.stringify(value, null, indent);
        expect(await rowsOf(text, cut)).toEqual(parseJson(text));
      }),
    );
  });

  it('keep every digit, brackets and quotes in texts, and characters of several bytes', async () => {
    const text = String.raw`[{"a":"]},[{\"\\","b":12345678901234567890,"c":"ß😀"}]`;
    expect(await rowsOf(text, [1])).toEqual([
      { a: ']},[{"\\', b: 12345678901234567890n, c: 'ß😀' },
    ]);
  });

  it('come in batches: a large body is never held whole', async () => {
    const row = JSON.stringify({ message: 'x'.repeat(1_000) });
    const text = `[${Array.from({ length: 5_000 }, () => row).join(',')}]`;
    let batches = 0;
    let largest = 0;
    for await (const some of jsonRows(piecesOf(text, [65_536]))) {
      batches += 1;
      largest = Math.max(largest, some.length);
    }
    expect(batches).toBeGreaterThan(3);
    expect(largest).toBeLessThan(1_300);
  });

  it.each(['[]', ' [ ] ', '\uFEFF[]', '{"progress":"Complete","count":0,"logs":[]}'])(
    'may be none: %j',
    async (text) => {
      expect(await rowsOf(text, [1])).toEqual([]);
    },
  );

  it('may stand in the object that the API page prints', async () => {
    expect(await rowsOf('{"progress": "Complete", "logs": [{"a": 1}, {"b": 2}]}')).toEqual([
      { a: 1 },
      { b: 2 },
    ]);
  });

  it('that end before their array does are cut, wherever that is', async () => {
    const whole = '{"logs":[{"a":"x"},{"b":[1,2]}]}';
    for (const text of [whole, whole.slice(8, -1)]) {
      for (let length = 0; length < text.length; length += 1) {
        expect([length, await faultOf(text.slice(0, length))]).toEqual([length, 'truncated']);
      }
    }
  });

  it.each(['<html>', '"text"', '{"error":"x"}', '[1}', '[1] x', '{"rows":[1]}', '[1,,2]', '12'])(
    'are refused where there are none: %j',
    async (text) => {
      expect(await faultOf(text)).toBe('malformed');
    },
  );
});
