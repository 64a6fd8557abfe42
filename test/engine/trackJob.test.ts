import { describe, expect, it } from '@jest/globals';
import { trackJob } from '../../src/engine/trackJob.ts';
import { walkStream } from '../../src/engine/walkStream.ts';
import type { JsonObject } from '../../src/domain/json.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { openMemorySink } from '../../src/sinks/memory.ts';
import {
  answeringApi,
  jobSource,
  engineDeps,
  fakeClock,
  jobNamed,
  listBody,
  recordingLog,
  registeredStream,
  walkDeps,
} from './engineKit.ts';

const never = new AbortController().signal;
const entryKey = 'a@1722411060';
const { table } = jobSource();

/** A stream with one RUNNING job, whose status answers come from `ask`. */
async function world(ask: () => JsonObject) {
  const sink = openMemorySink();
  const clock = fakeClock();
  const log = recordingLog();
  const api = answeringApi(({ api: name, query }) =>
    name === 'GetDownloadJob'
      ? ask()
      : listBody(Number(query['offset']) === 0 ? [jobNamed('a', 'RUNNING')] : [], 1),
  );
  const stream = await registeredStream(sink, api);
  const deps = engineDeps(sink, { clock, log });
  await walkStream(walkDeps(deps), { stream, runId: 'one', attempt: { number: 1, of: 1 } }, never);
  const stored = () => sink.readJob({ table, streamId: stream.streamId, entryKey });
  return { clock, log, stored, track: () => trackJob(deps, { stream, entryKey }, never) };
}

const running = (progress: number): JsonObject => ({
  ...jobNamed('a', 'RUNNING'),
  executionDetails: { progress },
});

function refusal(kind: 'throttled' | 'rejected' | 'transient', status: number, code: string) {
  return new SourceError(kind, code, { detail: { api: 'GetDownloadJob', status, code } });
}

describe('tracking a job', () => {
  it('waits for a running job, sooner the closer it is to its end', async () => {
    let progress = 50;
    const { clock, track } = await world(() => running(progress));
    clock.advance(120_000);
    const first = await track();
    progress = 90;
    expect([first, await track()]).toEqual([
      { kind: 'wait', delayMs: 30_000 },
      { kind: 'wait', delayMs: 3_333 },
    ]);
  });

  it.each(['SUCCEEDED', 'ERROR'])(
    'ends at %s, with the change stored and logged',
    async (status) => {
      const { log, stored, track } = await world(() => jobNamed('a', status));
      expect(await track()).toEqual({ kind: 'settled', status });
      expect(await stored()).toMatchObject({ status, settledAtMs: expect.any(Number) });
      expect(log.lines.filter(({ event }) => event === 'job_status_changed')).toHaveLength(1);
    },
  );

  it('asks nothing more of a job that has settled', async () => {
    let asked = 0;
    const { track } = await world(() => {
      asked += 1;
      return jobNamed('a', 'SUCCEEDED');
    });
    await track();
    await track();
    expect(asked).toBe(1);
  });

  it('follows a status that nobody documented', async () => {
    const { stored, track } = await world(() => jobNamed('a', 'Archiving'));
    expect(await track()).toMatchObject({ kind: 'wait' });
    expect(await stored()).toMatchObject({ status: 'ARCHIVING', settledAtMs: null });
  });

  it('reports a job past its deadline and asks on at the slowest pace', async () => {
    const { clock, log, track } = await world(() => running(99));
    clock.advance(3_600_001);
    expect(await track()).toEqual({ kind: 'wait', delayMs: 60_000 });
    expect(log.lines.map(({ event }) => event)).toContain('job_overdue');
  });

  it('marks a job as vanished that the provider does not know any more', async () => {
    const { stored, track } = await world(() => {
      throw refusal('rejected', 404, 'JobNotExist');
    });
    expect(await track()).toEqual({ kind: 'gone' });
    expect((await stored())?.vanishedAtMs).not.toBeNull();
  });

  it('does not take a missing project for a missing job', async () => {
    const { stored, track } = await world(() => {
      throw refusal('rejected', 404, 'ProjectNotExist');
    });
    await expect(track()).rejects.toThrow('ProjectNotExist');
    expect((await stored())?.vanishedAtMs).toBeNull();
  });

  it('does not take a job created later under the same name for the one it follows', async () => {
    const { stored, track } = await world(() => ({
      ...jobNamed('a', 'SUCCEEDED'),
      createTime: '1722419999',
    }));
    expect(await track()).toEqual({ kind: 'gone' });
    expect(await stored()).toMatchObject({ status: 'RUNNING', settledAtMs: null });
  });

  it('takes an answer without a creation time for the job it asked for', async () => {
    const { track } = await world(() => ({ name: 'a', status: 'SUCCEEDED' }));
    expect(await track()).toEqual({ kind: 'settled', status: 'SUCCEEDED' });
  });

  it('waits out a throttling answer', async () => {
    const { clock, track } = await world(() => {
      throw new SourceError('throttled', 'busy', {
        detail: { api: 'GetDownloadJob', retryAfterMs: 5_000 },
      });
    });
    expect(await track()).toEqual({ kind: 'paused', resumeAtMs: clock.nowMs() + 5_000 });
  });

  it('fails on an answer that is not a job, and changes nothing', async () => {
    const { stored, track } = await world(() => ({ hello: 'world' }));
    await expect(track()).rejects.toMatchObject({ kind: 'drift' });
    expect(await stored()).toMatchObject({ status: 'RUNNING' });
  });
});
