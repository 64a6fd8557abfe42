import { describe, expect, it } from '@jest/globals';
import { loadFiles } from '../../src/engine/loadFiles.ts';
import type { DownloadRef } from '../../src/sinks/sink.ts';
import { downloadWorld } from './downloadKit.ts';

const never = new AbortController().signal;

describe('loading files in the foreground', () => {
  it('loads every file that waits, and tells how far it is', async () => {
    const { deps, stream, stored } = await downloadWorld();
    const told: unknown[] = [];
    const loaded = await loadFiles(deps, [stream], (progress) => told.push(progress), never);
    expect(loaded).toEqual({ files: 1, done: 1, rows: 3, unloaded: [] });
    expect([told[0], told.at(-1)]).toEqual([
      { files: 1, done: 0, rows: 0 },
      { files: 1, done: 1, rows: 3 },
    ]);
    expect(stored()?.status).toBe('loaded');
  });

  it('names a file that is not whole, with the reason', async () => {
    const { deps, stream } = await downloadWorld({ details: { logCount: 4 } });
    const { unloaded } = await loadFiles(deps, [stream], () => undefined, never);
    const reason = 'rows_differ: 3 rows loaded, 0 rejected, log_count says 4';
    expect(unloaded).toEqual([{ file: 'a@1722411060', kind: 'incomplete', reason }]);
  });

  it('tries again what may pass, gives up after five tries, and leaves the file waiting', async () => {
    const passing = await downloadWorld({ store: (n) => (n <= 6 ? 'transient' : null) });
    const { deps, stream } = passing;
    expect(await loadFiles(deps, [stream], () => undefined, never)).toMatchObject({ unloaded: [] });
    const lasting = await downloadWorld({ store: () => 'transient' });
    const given = await loadFiles(lasting.deps, [lasting.stream], () => undefined, never);
    expect(given.unloaded).toMatchObject([{ kind: 'given_up' }]);
    expect([lasting.requests.length, lasting.stored()?.status]).toEqual([30, 'waiting']);
  });

  it.each([
    ['that gets on is left to it', 'ends', 3],
    ['that stands still is taken over', 'dies', 3],
  ] as const)('a file of another process %s', async (_name, other, rows) => {
    const world = await downloadWorld({
      store: () => {
        steal();
        return null;
      },
    });
    const { deps, stream, sink } = world;
    let isStolen = false;
    function steal(): void {
      if (isStolen) return;
      isStolen = true;
      const { streamId } = stream;
      const claim = { streamId, entryKey: 'a@1722411060' };
      void sink.beginDownload(claim).then(async (begun) => {
        if (begun.kind !== 'begun' || other === 'dies') return;
        const ending = { status: 'loaded', reason: null } as const;
        const end = { download: begun.download, ending, compression: null, keptAt: null, nowMs: 2 };
        await sink.endDownload(end);
      });
    }
    const before = world.clock.nowMs();
    const loaded = await loadFiles(deps, [stream], () => undefined, never);
    expect(loaded.unloaded).toEqual([]);
    expect(world.stored()).toMatchObject({ status: 'loaded', rows: other === 'ends' ? 0 : rows });
    expect(world.clock.nowMs() - before >= 90_000).toBe(other === 'dies');
  });

  it('a file whose fetch takes long is not taken from each other by two processes for ever', async () => {
    const claims: { readonly ref: DownloadRef; readonly atMs: number }[] = [];
    const world = await downloadWorld({
      store: (request) => {
        if (request > 20) throw new Error('they take it from each other for ever');
        void claim();
        return null;
      },
    });
    const { clock, sink, stream } = world;
    const claim = async (): Promise<void> => {
      const { streamId } = stream;
      const begun = await sink.beginDownload({ streamId, entryKey: 'a@1722411060' });
      if (begun.kind === 'begun') claims.push({ ref: begun.download, atMs: clock.nowMs() });
    };
    /** The other process loads what it has claimed 400 s before. */
    const sleep = async (delayMs: number, signal: AbortSignal): Promise<void> => {
      await clock.sleep(delayMs, signal);
      const last = claims.at(-1);
      if (last === undefined || clock.nowMs() - last.atMs < 400_000) return;
      const ending = { status: 'loaded', reason: null } as const;
      const end = { ending, compression: null, keptAt: null, nowMs: 2 };
      await sink.endDownload({ download: last.ref, ...end });
    };
    const deps = { ...world.deps, clock: { ...clock, sleep } };
    const { unloaded } = await loadFiles(deps, [stream], () => undefined, never);
    expect([unloaded, world.stored()?.status, claims.length]).toEqual([[], 'loaded', 4]);
  });
});
