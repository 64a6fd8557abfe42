import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { everyObjectFault, type FaultOptions } from '../../src/simulator/faults.ts';
import type { FileFormat } from '../../src/simulator/oss/fileSpec.ts';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import {
  everyTable,
  FORMATS,
  secretsIn,
  trickyRows,
  trueRows,
  visibleRows,
} from '../support/exports.ts';
import { rows } from '../support/simulated.ts';
import { openExports, type ExportsWorld } from './exportsKit.ts';

const rowCount = 300;
const file = { rows: trickyRows(rowCount) };
const often = 0.4;

/** Every fault of a fetch: at the first requests, and at random ones. `requests`: what the first of the two takes at least. */
const faults: Readonly<
  Record<string, { readonly first: FaultOptions; readonly requests: number }>
> = {
  none: { first: {}, requests: 1 },
  reset: { first: { reset: { at: [0, 1] } }, requests: 3 },
  cutBody: { first: { cutBody: { at: [0, 1, 2] } }, requests: 4 },
  trickle: { first: { trickle: { when: { at: [0] }, durationMs: 100 } }, requests: 1 },
  delay: { first: { delay: { when: { at: [0] }, delayMs: 100 } }, requests: 1 },
  throttle: { first: { throttle: { at: [0, 1] } }, requests: 3 },
  internalServerError: { first: { internalServerError: { at: [0, 1] } }, requests: 3 },
  emptyServerError: { first: { emptyServerError: { at: [0, 1] } }, requests: 3 },
  badGateway: { first: { badGateway: { at: [0, 1] } }, requests: 3 },
  linkExpired: { first: { linkExpired: { at: [0, 2] }, cutBody: { at: [1] } }, requests: 4 },
  noRange: { first: { cutBody: { at: [0, 1] }, noRange: { at: [0, 1, 2] } }, requests: 3 },
  shortFile: { first: { shortFile: { at: [0] } }, requests: 2 },
  changedFile: { first: { changedFile: { at: [1] }, cutBody: { at: [0] } }, requests: 3 },
  redirect: { first: { redirect: { at: [0] } }, requests: 2 },
  notJson: { first: { notJson: { at: [0] } }, requests: 2 },
  wrongLength: { first: { apis: ['GetDownloadJob'], wrongLength: { at: [0] } }, requests: 2 },
  wrongCheckSum: {
    first: { apis: ['GetDownloadJob'], wrongCheckSum: { at: [0] } },
    requests: 2,
  },
};

/** The same at random requests, and all of them at once. */
const storms: Readonly<Record<string, FaultOptions>> = {
  ...Object.fromEntries(
    Object.keys(faults).flatMap((name): [string, FaultOptions][] => {
      if (name === 'none' || name.startsWith('wrong')) return [];
      if (name === 'trickle') return [[name, { trickle: { when: often, durationMs: 50 } }]];
      if (name === 'delay') return [[name, { delay: { when: often, delayMs: 50 } }]];
      return [[name, { [name]: often, ...(name === 'noRange' ? { cutBody: often } : {}) }]];
    }),
  ),
  all: everyObjectFault(0.05),
};

/** What can be wrong in each of three fetches: then the file has failed, and says so. */
const lies = ['shortFile', 'changedFile', 'notJson', 'all'];

function requestsOf({ cloud }: Pick<ExportsWorld, 'cloud'>): number {
  const counts = Object.values(cloud.requests()['GetObject'] ?? {});
  return counts.reduce((sum, count) => sum + count, 0);
}

async function withExports(
  files: Parameters<typeof openExports>[0],
  options: Parameters<typeof openExports>[1],
  use: (world: ExportsWorld) => Promise<void>,
): Promise<void> {
  const world = await openExports(files, options);
  try {
    await use(world);
  } finally {
    await world.close();
  }
}

function filesNamed(names: readonly string[], target: FileFormat) {
  return Object.fromEntries(names.map((name) => [name, { file, target }]));
}

async function expectNoSecrets({ store, log, links }: ExportsWorld): Promise<void> {
  const lines = log.lines.map((line) => JSON.stringify(line));
  expect(secretsIn([...lines, ...(await everyTable(store.url))])).toEqual([]);
  // The search finds what it must find.
  const signatures = [...links].map((link) => new URL(link).searchParams.get('Signature') ?? '');
  expect(secretsIn([...links, ...signatures])).toHaveLength(2 * links.size);
}

describe.each(FORMATS)(
  'an exported file in $contentType, packed with $compressionType',
  (target) => {
    const seed = FORMATS.indexOf(target) + 1;

    it('has exactly the rows that were exported, whatever fails first', async () => {
      await withExports(filesNamed(Object.keys(faults), target), { seed }, async (world) => {
        for (const [name, { first, requests }] of Object.entries(faults)) {
          const before = requestsOf(world);
          world.cloud.setFaults({ apis: ['GetObject'], ...first });
          const decision = await world.load(name);
          expect([name, decision]).toEqual([name, { kind: 'loaded', rows: rowCount }]);
          const visible = await visibleRows(world.store.url, name);
          expect(visible).toEqual(trueRows(world.cloud, name));
          expect([name, requestsOf(world) - before >= requests]).toEqual([name, true]);
        }
        await expectNoSecrets(world);
      });
    });

    it('has exactly these rows, or none and says why, whatever fails at random', async () => {
      await withExports(filesNamed(Object.keys(storms), target), { seed }, async (world) => {
        for (const [name, storm] of Object.entries(storms)) {
          world.cloud.setFaults({ apis: ['GetObject'], ...storm });
          const decision = await world.load(name);
          const visible = await visibleRows(world.store.url, name);
          if (decision.kind === 'failed') {
            expect([lies, decision.reason]).toEqual([
              expect.arrayContaining([name]),
              expect.stringMatching(/^wrong_(size|checksum): .*fetched 3 times/),
            ]);
            expect(visible).toEqual([]);
          } else {
            expect([name, decision]).toEqual([name, { kind: 'loaded', rows: rowCount }]);
            expect(visible).toEqual(trueRows(world.cloud, name));
          }
        }
        await expectNoSecrets(world);
      });
    });

    it('is loaded when nothing is in it', async () => {
      const empty = { file: { rows: [] }, target };
      await withExports({ empty }, { seed }, async ({ load, store }) => {
        expect(await load('empty')).toEqual({ kind: 'loaded', rows: 0 });
        expect(await visibleRows(store.url, 'empty')).toEqual([]);
      });
    });

    it('of which the service says what is not so has failed, with no row to be seen', async () => {
      const names = { wrongLength: 'wrong_size', wrongCheckSum: 'wrong_checksum' } as const;
      await withExports(filesNamed(Object.keys(names), target), { seed }, async (world) => {
        for (const [name, word] of Object.entries(names)) {
          world.cloud.setFaults({ apis: ['GetDownloadJob'], [name]: 1 });
          const reason = expect.stringMatching(new RegExp(`^${word}: .*fetched 3 times`));
          expect(await world.load(name)).toEqual({ kind: 'failed', rows: 0, reason });
          expect(await visibleRows(world.store.url, name)).toEqual([]);
          const shown = await rows(
            world.store.url,
            `select file_status, file_error from download_jobs where name = '${name}'`,
          );
          expect(shown).toEqual([{ file_status: 'failed', file_error: reason }]);
        }
        await expectNoSecrets(world);
      });
    });
  },
);

describe('a file of some megabytes that is cut at many places', () => {
  const target = { contentType: 'json', compressionType: 'none' } as const;
  const made = { file: { madeRows: 12_000, fromS: 1_795_000_000, perSecond: 100 }, target };

  it('is fetched on from its last byte where the store takes ranges', async () => {
    await withExports({ big: made }, {}, async (world) => {
      const cuts = [0, 1, 2, 3, 4, 5, 6, 7];
      world.cloud.setFaults({ apis: ['GetObject'], cutBody: { at: cuts } });
      expect(await world.load('big')).toEqual({ kind: 'loaded', rows: 12_000 });
      expect(await visibleRows(world.store.url, 'big')).toEqual(trueRows(world.cloud, 'big'));
      expect(world.cloud.requests()['GetObject']).toEqual({ cut: cuts.length, 206: 1 });
    });
  });

  it('is fetched from its first byte where it does not', async () => {
    await withExports({ big: made }, {}, async (world) => {
      world.cloud.setFaults({ apis: ['GetObject'], cutBody: { at: [0, 1, 2] }, noRange: 1 });
      expect(await world.load('big')).toEqual({ kind: 'loaded', rows: 12_000 });
      expect(await visibleRows(world.store.url, 'big')).toEqual(trueRows(world.cloud, 'big'));
      expect(world.cloud.requests()['GetObject']).toEqual({ cut: 3, 200: 1 });
    });
  });
});

describe('what a file is found to be', () => {
  const badRows = [3, 4, 250];

  it.each(['csv', 'json'] as const)(
    'bad rows in %s are kept with the line they stand on, and the rest is loaded as incomplete',
    async (contentType) => {
      const target = { contentType, compressionType: 'none' } as const;
      await withExports({ bad: { file: { ...file, badRows }, target } }, {}, async (world) => {
        const { cloud, store } = world;
        const reason = `rows_differ: 297 rows loaded, 3 rejected, log_count says ${rowCount}`;
        expect(await world.load('bad')).toEqual({ kind: 'incomplete', rows: 297, reason });
        const visible = await rows<{ content: object; row_no: string; is_complete: boolean }>(
          store.url,
          'select content, row_no, is_complete from analytics.export_rows order by row_no',
        );
        const truth = cloud.project(SCENARIO_PROJECT).file('bad');
        expect(visible.map(({ content }) => content)).toEqual(truth?.rows);
        const numbers = Array.from({ length: rowCount }, (_, n) => n + 1);
        expect(visible.map(({ row_no: rowNo }) => Number(rowNo))).toEqual(
          numbers.filter((number) => !badRows.includes(number)),
        );
        const rejected = await rows<{ line: string; row: string; text: string }>(
          store.url,
          `select raw->>'line' as line, raw->>'row' as row, raw->>'text' as text
           from rejected_entries order by (raw->>'row')::int`,
        );
        expect(rejected.map(({ row }) => Number(row))).toEqual(badRows);
        // Where the text of the bad record really stands.
        const text = truth?.bytes.toString('utf8') ?? '';
        for (const bad of rejected) {
          const at = text.indexOf(bad.text);
          expect(at).toBeGreaterThanOrEqual(0);
          expect(Number(bad.line)).toBe(text.slice(0, at).split('\n').length);
        }
      });
    },
  );

  const target = { contentType: 'csv', compressionType: 'gzip' } as const;
  const lines = file.rows.map((row) => `${JSON.stringify(row)}\n`).join('');

  it('packed otherwise than its job says, it is read as what it is', async () => {
    const packed = { bytes: gzipSync(lines), contentLogCount: rowCount };
    const told = { contentType: 'json', compressionType: 'none' } as const;
    const files = { packed: { file: packed, target: told }, true: { file, target: told } };
    await withExports(files, {}, async ({ load, cloud, store }) => {
      expect(await load('packed')).toEqual({ kind: 'loaded', rows: rowCount });
      expect(await visibleRows(store.url, 'packed')).toEqual(trueRows(cloud, 'true'));
    });
  });

  it('cut off before it was uploaded, it shows what could be read, and is called incomplete', async () => {
    const many = trickyRows(4_000);
    const whole = gzipSync(many.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const cut = whole.subarray(0, Math.floor(whole.length / 2));
    const told = { contentType: 'json', compressionType: 'gzip' } as const;
    const files = {
      cut: { file: { bytes: cut, contentLogCount: many.length }, target: told },
      true: { file: { rows: many }, target: told },
    };
    await withExports(files, {}, async ({ load, cloud, store }) => {
      const reason = expect.stringMatching(/^damaged: .*; \d+ rows loaded, .*log_count says 4000/);
      expect(await load('cut')).toMatchObject({ kind: 'incomplete', reason });
      const visible = await visibleRows(store.url, 'cut');
      expect(visible.length).toBeGreaterThan(0);
      expect(visible).toEqual(trueRows(cloud, 'true').slice(0, visible.length));
    });
  });

  it('larger than allowed when it is unpacked, none of it is shown, though some was read', async () => {
    const made = { madeRows: 12_000, fromS: 1_795_000_000, perSecond: 100 };
    const unpackedBytesMax = 2_000_000;
    await withExports({ bomb: { file: made, target } }, { unpackedBytesMax }, async (world) => {
      const reason = expect.stringMatching(/^too_large: /);
      expect(await world.load('bomb')).toMatchObject({ kind: 'failed', reason });
      const [read] = await rows<{ n: number }>(
        world.store.url,
        'select count(*)::int as n from download_rows',
      );
      expect(read?.n).toBeGreaterThan(0);
      expect(await visibleRows(world.store.url, 'bomb')).toEqual([]);
    });
  });

  const verified = (url: string) =>
    rows(url, 'select status, etag_verified, verification from download_files');

  it('the checksum of a file that was uploaded in parts is verified part by part', async () => {
    await withExports({ parts: { file: { ...file, parts: 3 }, target } }, {}, async (world) => {
      expect(await world.load('parts')).toEqual({ kind: 'loaded', rows: rowCount });
      expect(await verified(world.store.url)).toEqual([
        { status: 'loaded', etag_verified: true, verification: 'multipart' },
      ]);
    });
  });

  it('a checksum of a form that nobody knows is never called verified', async () => {
    const etag = 'ETASFGASDASQWDasd';
    await withExports({ unknown: { file: { ...file, etag }, target } }, {}, async (world) => {
      expect(await world.load('unknown')).toEqual({ kind: 'loaded', rows: rowCount });
      expect(await verified(world.store.url)).toEqual([
        { status: 'loaded', etag_verified: false, verification: 'unknown_form' },
      ]);
    });
  });

  it('a checksum that does not fit is recorded, where the stream says no more than that', async () => {
    const settings = { checkSum: 'recorded' };
    await withExports({ other: { file, target } }, { settings }, async (world) => {
      world.cloud.setFaults({ apis: ['GetDownloadJob'], wrongCheckSum: 1 });
      expect(await world.load('other')).toEqual({ kind: 'loaded', rows: rowCount });
      expect(await visibleRows(world.store.url, 'other')).toEqual(trueRows(world.cloud, 'other'));
      expect(await verified(world.store.url)).toEqual([
        { status: 'loaded', etag_verified: false, verification: 'mismatch' },
      ]);
    });
  });
});
