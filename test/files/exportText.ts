import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const WORDS = [
  'GET',
  'POST',
  '/index.html',
  '/api/v1/orders',
  'timeout',
  'connected',
  '"quoted"',
  '错误',
  'ok',
  'retry',
];

/** The JSON lines that the packed files in test/fixtures/exports were made of with the tools gzip, lz4 and zstd. */
export function logText(rows: number): string {
  let seed = 1;
  const next = (below: number): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return (seed >>> 8) % below;
  };
  let text = '';
  for (let row = 0; row < rows; row += 1) {
    const message = Array.from({ length: 3 + next(6) }, () => WORDS[next(WORDS.length)]).join(' ');
    const level = next(4) === 0 ? 'ERROR' : 'INFO';
    const time = String(1_700_000_000 + row);
    text += `${JSON.stringify({ __time__: time, level, message, n: next(1_000_000) })}\n`;
  }
  return text;
}

export async function packedFixture(name: string): Promise<Buffer> {
  return readFile(fileURLToPath(new URL(`../fixtures/exports/${name}`, import.meta.url)));
}
