import { describe, expect, it } from '@jest/globals';
import { walkStream } from '../../src/engine/walkStream.ts';
import {
  executionsBody,
  logRow,
  logsBody,
  onePage,
  refusal,
  runbooksWorld,
  storedMessages,
} from './oosKit.ts';
import type { LoggedLine } from './engineKit.ts';

const never = new AbortController().signal;

describe('following an execution', () => {
  const closed = ({ log }: { readonly log: { readonly lines: readonly LoggedLine[] } }) =>
    log.lines.filter(({ event }) => event === 'list_closed').length;

  it('reads it once more after its end, then closes it and asks nothing more', async () => {
    let status = 'Running';
    let messages = ['a'];
    const w = await runbooksWorld({
      executions: () => ({ 'exec-1': status }),
      logs: () => onePage(...messages),
    });
    await w.walk();
    expect(closed(w)).toBe(0);
    status = 'Success';
    messages = ['a', 'last words'];
    w.clock.advance(120_000);
    await w.walk();
    expect(closed(w)).toBe(1);
    const asked = w.asked.length;
    w.clock.advance(86_400_000);
    expect(await w.walk()).toMatchObject({ kind: 'complete' });
    expect([w.asked.length, storedMessages(w.sink, 'exec-1')]).toEqual([
      asked,
      ['a', 'last words'],
    ]);
  });

  it('reads an execution that has just ended once more after the settling time, and closes it then', async () => {
    let messages = ['a'];
    const w = await runbooksWorld(
      { executions: () => ({ 'exec-1': 'Failed' }), logs: () => onePage(...messages) },
      { executions: ['exec-1'], settle: '30s' },
    );
    await w.walk();
    expect(closed(w)).toBe(0);
    w.clock.advance(10_000);
    const early = w.asked.length;
    await w.walk();
    expect(w.asked.length).toBe(early);
    messages = ['a', 'late'];
    w.clock.advance(25_000);
    await w.walk();
    expect([closed(w), storedMessages(w.sink, 'exec-1')]).toEqual([1, ['a', 'late']]);
  });

  it('reads one that never ends more and more rarely, but never more rarely than pollMax', async () => {
    const w = await runbooksWorld({
      executions: () => ({ 'exec-1': 'Waiting' }),
      logs: () => onePage('a'),
    });
    const reads: number[] = [];
    const startMs = w.clock.nowMs();
    for (let second = 0; second < 1_200; second += 1) {
      const before = w.asked.length;
      await w.walk();
      if (w.asked.length > before) reads.push((w.clock.nowMs() - startMs) / 1_000);
      w.clock.advance(1_000);
    }
    const gaps = reads.slice(1).map((at, n) => at - (reads[n] ?? 0));
    expect(gaps).toEqual([...gaps].sort((a, b) => a - b));
    expect([Math.max(...gaps), reads.length < 80, closed(w)]).toEqual([60, true, 0]);
  });

  it('keeps the history of its status', async () => {
    let status = 'Started';
    const w = await runbooksWorld({
      executions: () => ({ 'exec-1': status }),
      logs: () => onePage('a'),
    });
    for (status of ['Started', 'Running', 'Waiting', 'Cancelled']) {
      await w.walk();
      w.clock.advance(120_000);
    }
    expect(w.sink.contents.changes.map(({ from, to }) => [from, to])).toEqual([
      [null, 'STARTED'],
      ['STARTED', 'RUNNING'],
      ['RUNNING', 'WAITING'],
      ['WAITING', 'CANCELLED'],
    ]);
  });

  it('reads the others when one does not exist, and fails with its id', async () => {
    const w = await runbooksWorld(
      { executions: () => ({ 'exec-1': 'Running' }), logs: () => onePage('a') },
      { executions: ['exec-missing', 'exec-1'] },
    );
    await expect(w.walk()).rejects.toThrow(/execution exec-missing; check the ids/);
    expect(storedMessages(w.sink, 'exec-1')).toEqual(['a']);
  });

  it('takes an execution that is gone after it was read for gone, not for a failure', async () => {
    let executions: Record<string, string> = { 'exec-1': 'Running' };
    const w = await runbooksWorld({ executions: () => executions, logs: () => onePage('a') });
    await w.walk();
    executions = {};
    w.clock.advance(120_000);
    expect(await w.walk()).toMatchObject({ kind: 'complete' });
    expect([...w.sink.contents.jobs.values()].map(({ vanishedAtMs }) => vanishedAtMs)).toEqual([
      w.clock.nowMs(),
    ]);
    const asked = w.asked.length;
    w.clock.advance(120_000);
    await w.walk();
    expect(w.asked.length).toBe(asked);
  });

  it('reads the others when the list of one cannot be read, and then fails', async () => {
    const w = await runbooksWorld(
      {
        executions: () => ({ bad: 'Running', good: 'Running' }),
        logs: ({ query }) => {
          if (query['ExecutionId'] === 'bad') throw refusal('rejected', 'Forbidden', 403);
          return onePage('a');
        },
      },
      { executions: ['bad', 'good'] },
    );
    await expect(w.walk()).rejects.toThrow(/Forbidden/);
    expect(storedMessages(w.sink, 'good')).toEqual(['a']);
  });

  it('asks nothing more once the keys are refused', async () => {
    const w = await runbooksWorld(
      {
        executions: () => ({ a: 'Running', b: 'Running' }),
        logs: () => {
          throw refusal('credentials', 'SignatureDoesNotMatch', 403);
        },
      },
      { executions: ['a', 'b'] },
    );
    await expect(w.walk()).rejects.toThrow(/SignatureDoesNotMatch/);
    expect(w.asked.filter((name) => name.startsWith('ListExecutionLogs'))).toHaveLength(1);
  });

  it('pauses on throttling and goes on where it was', async () => {
    let throttled = true;
    const w = await runbooksWorld(
      {
        executions: () => ({ a: 'Success', b: 'Success' }),
        logs: ({ query }) => {
          if (query['ExecutionId'] === 'b' && throttled)
            throw refusal('throttled', 'Throttling.User');
          return onePage('a');
        },
      },
      { executions: ['a', 'b'] },
    );
    const run = { stream: w.stream, runId: 'one', attempt: { number: 1, of: 1 } };
    expect(await walkStream(w.deps, run, never)).toMatchObject({ kind: 'paused' });
    throttled = false;
    expect(await walkStream(w.deps, run, never)).toMatchObject({ kind: 'complete' });
    const logs = w.asked.filter((name) => name.startsWith('ListExecutionLogs'));
    expect(logs).toEqual(['a', 'b', 'b'].map((id) => `ListExecutionLogs ${id}`));
  });
});

describe('a list of several pages', () => {
  it('is not begun again when its middle is throttled: the pause is waited out', async () => {
    let throttles = 3;
    const w = await runbooksWorld({
      logs: (_request, token) => {
        if (token === null) return logsBody([logRow('a')], 't1');
        if (throttles-- > 0) throw refusal('throttled', 'Throttling.User');
        return onePage('b');
      },
    });
    expect(await w.walk()).toMatchObject({
      kind: 'complete',
      counts: { restarts: 0, requests: 6 },
    });
    expect(storedMessages(w.sink, 'exec-1')).toEqual(['a', 'b']);
  });

  it('is left to the queue when throttling does not end', async () => {
    const w = await runbooksWorld({
      logs: (_request, token) => {
        if (token === null) return logsBody([logRow('a')], 't1');
        throw refusal('throttled', 'Throttling.User');
      },
    });
    expect(await w.walk()).toMatchObject({ kind: 'paused' });
    expect(w.asked.filter((name) => name.startsWith('ListExecutionLogs'))).toHaveLength(10);
  });
});

describe('discovering executions', () => {
  it('reads all that the filters select, and follows those that leave the filters to their end', async () => {
    let listed: Record<string, string> = { a: 'Running', b: 'Running' };
    let status: Record<string, string> = listed;
    const w = await runbooksWorld(
      { logs: () => onePage('x') },
      { discover: { status: 'Running' } },
    );
    const { api } = w.stream;
    const stream = {
      ...w.stream,
      api: {
        ...api,
        call: async (...[request, signal]: Parameters<typeof api.call>) => {
          if (request.api !== 'ListExecutions') return api.call(request, signal);
          w.asked.push(`ListExecutions ${request.query['ExecutionId'] ?? 'all'}`);
          const id = request.query['ExecutionId'];
          const body = executionsBody(id === undefined ? listed : { [id]: status[id] ?? '' });
          return { status: 200, headers: {}, body };
        },
      },
    };
    const walk = (runId: string) =>
      walkStream(w.deps, { stream, runId, attempt: { number: 1, of: 1 } }, never);
    await walk('one');
    expect(storedMessages(w.sink, 'a')).toEqual(['x']);
    listed = { b: 'Running' };
    status = { a: 'Cancelled', b: 'Running' };
    w.clock.advance(120_000);
    expect(await walk('two')).toMatchObject({ kind: 'complete' });
    const rows = [...w.sink.contents.jobs.values()].map(({ row }) => [row.key, row.status]);
    expect(rows).toEqual([
      ['a', 'CANCELLED'],
      ['b', 'RUNNING'],
    ]);
  });
});
