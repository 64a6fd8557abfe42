import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { catalog, jobOptions, QUEUE_NAMES } from '../../src/queue/catalog.ts';
import type { JobData } from '../../src/queue/catalog.ts';
import type { Processors } from '../../src/queue/processor.ts';

const runId = '3f0c1c52-5f43-4c8e-9a3f-2d3c1f9a7b11';
const text = fc.string({ minLength: 1, unit: 'binary' });
const slot = fc.nat();

describe('catalog', () => {
  it('gives the same tick of the same stream one job id, whoever ticks', () => {
    fc.assert(
      fc.property(text, slot, fc.uuid(), fc.uuid(), (stream, tick, mine, theirs) => {
        const first = jobOptions('walk', { stream, runId: mine, slot: tick });
        const second = jobOptions('walk', { stream, runId: theirs, slot: tick });
        expect(second.jobId).toBe(first.jobId);
      }),
    );
  });

  it('never gives two ticks of a stream one job id', () => {
    fc.assert(
      fc.property(text, fc.uniqueArray(slot, { minLength: 2, maxLength: 2 }), (stream, slots) => {
        const ids = slots.map((tick) => jobOptions('walk', { stream, runId, slot: tick }).jobId);
        expect(new Set(ids).size).toBe(2);
      }),
    );
  });

  it('makes job ids that BullMQ takes, from any stream and entry key', () => {
    fc.assert(
      fc.property(text, text, slot, (stream, entryKey, tick) => {
        const ids = [
          jobOptions('walk', { stream, runId, slot: tick }).jobId,
          jobOptions('track', { stream, entryKey }).jobId,
          jobOptions('export', { stream, slot: tick }).jobId,
          jobOptions('maintain', { slot: tick }).jobId,
        ];
        for (const id of ids) expect(id).toMatch(/^[a-z]+-[^:\0]+$/);
      }),
    );
  });

  it.each(['track', 'download'] as const)('keeps the %s jobs of two entries apart', (name) => {
    fc.assert(
      fc.property(fc.uniqueArray(text, { minLength: 2, maxLength: 2 }), (keys) => {
        const ids = keys.map((entryKey) => jobOptions(name, { stream: 'exports', entryKey }).jobId);
        expect(new Set(ids).size).toBe(2);
      }),
    );
  });

  it.each(QUEUE_NAMES)(
    'keeps %s jobs by age, never by count, which deadlocks PostgreSQL',
    (name) => {
      const options = {
        walk: jobOptions('walk', { stream: 'a', runId, slot: 1 }),
        track: jobOptions('track', { stream: 'a', entryKey: 'b' }),
        download: jobOptions('download', { stream: 'a', entryKey: 'b' }),
        export: jobOptions('export', { stream: 'a', slot: 1 }),
        maintain: jobOptions('maintain', { slot: 1 }),
      }[name];
      expect(JSON.stringify([options.removeOnComplete, options.removeOnFail])).not.toContain(
        'count',
      );
    },
  );

  it('refuses a payload with an unknown, missing or wrong key', () => {
    const refused: unknown[] = [
      { stream: 'a', runId, slot: 1, extra: true },
      { stream: 'a', runId },
      { stream: '', runId, slot: 1 },
      { stream: 'a', runId: 'not a uuid', slot: 1 },
      { stream: 'a', runId, slot: 1.5 },
    ];
    for (const data of refused) expect(catalog.walk.schema.safeParse(data).success).toBe(false);
  });

  it('does not compile with a wrong payload or a queue without processor', () => {
    const options = { lintIsTheTest: true };
    // @ts-expect-error a track payload is not a walk payload
    const wrong: JobData<'walk'> = { stream: 'a', entryKey: 'b' };
    // @ts-expect-error the processor of `maintain` is missing
    const missing: Processors = { walk: none, track: none, export: none };
    expect([options, wrong, missing]).toHaveLength(3);
  });
});

function none(): Promise<{ kind: 'later'; atMs: number }> {
  return Promise.resolve({ kind: 'later', atMs: 0 });
}
