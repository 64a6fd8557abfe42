import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GrowingList, growingSchedule } from '../domain/growingList.ts';
import { logRow, logsBody, onePage, refusal, runbooksWorld, storedMessages } from './oosKit.ts';

describe('reading the logs of an execution', () => {
  it('stores each row once, whatever order, growth, page sizes and twins, and says when it is not sure', async () => {
    await fc.assert(
      fc.asyncProperty(growingSchedule, async (schedule) => {
        const list = new GrowingList(schedule);
        let status = 'Running';
        let token = 0;
        const positions = new Map<string, number>();
        const { walk, clock, sink } = await runbooksWorld({
          executions: () => ({ 'exec-1': status }),
          logs: (_request, sent) => {
            const page = list.page(sent === null ? 0 : (positions.get(sent) ?? 0));
            const rows = page.contents.map(logRow);
            if (page.next === null) return logsBody(rows);
            token += 1;
            positions.set(`t${token}`, page.next);
            return logsBody(rows, `t${token}`);
          },
        });
        for (let n = 0; n < 12; n += 1) {
          const before = [...list.rows].sort();
          const result = await walk();
          const stored = storedMessages(sink, 'exec-1');
          expect(excess(stored, list.rows)).toEqual([]);
          if (result.kind === 'complete') expect(excess(before, stored)).toEqual([]);
          clock.advance(120_000);
        }
        status = 'Success';
        await walk();
        await walk();
        expect(storedMessages(sink, 'exec-1')).toEqual([...list.rows].sort());
      }),
      { numRuns: 60 },
    );
  });

  it('goes on over an empty page with a token', async () => {
    const { walk, sink } = await runbooksWorld({
      logs: (_request, token) =>
        token === null
          ? logsBody([logRow('a')], 't1')
          : token === 't1'
            ? logsBody([], 't2')
            : onePage('b'),
    });
    expect(await walk()).toMatchObject({ kind: 'complete' });
    expect(storedMessages(sink, 'exec-1')).toEqual(['a', 'b']);
  });

  it('fails on a token that comes again, after one request for each page, and keeps what was read', async () => {
    const { walk, sink, asked } = await runbooksWorld({
      logs: (_request, token) => logsBody([logRow(token ?? 'first')], token === null ? 't1' : 't1'),
    });
    await expect(walk()).rejects.toThrow(/NextToken that it had given before/);
    expect(storedMessages(sink, 'exec-1')).toEqual(['first', 't1']);
    expect(asked.filter((name) => name.startsWith('ListExecutionLogs'))).toHaveLength(2);
  });

  it('begins the list again when its token has expired, and counts the restart', async () => {
    let refusals = 2;
    const { walk, sink } = await runbooksWorld({
      logs: (_request, token) => {
        if (token === null) return logsBody([logRow('a')], 't1');
        if (refusals-- > 0) throw refusal('rejected', 'InvalidParameter');
        return onePage('b');
      },
    });
    expect(await walk()).toMatchObject({ kind: 'complete', counts: { restarts: 2 } });
    expect(storedMessages(sink, 'exec-1')).toEqual(['a', 'b']);
  });

  it('gives up on a server that refuses every token', async () => {
    const { walk, asked } = await runbooksWorld({
      logs: (_request, token) => {
        if (token === null) return logsBody([logRow('a')], 't1');
        throw refusal('rejected', 'InvalidParameter');
      },
    });
    await expect(walk()).rejects.toThrow(/InvalidParameter/);
    expect(asked.filter((name) => name.startsWith('ListExecutionLogs'))).toHaveLength(8);
  });

  it('says that a page without a token that is truncated is not the end', async () => {
    const { walk } = await runbooksWorld({
      logs: () => ({ ...logsBody([logRow('a')]), IsTruncated: true }),
    });
    expect(await walk()).toMatchObject({ kind: 'incomplete', reason: 'token_missing' });
  });

  it('says that a list which grows faster than it can be read is not counted', async () => {
    let n = 0;
    const { walk, sink } = await runbooksWorld({
      logs: (_request, token) => {
        // The same content on both sides of the page border in every pass: a twin, or pushed over it by what is new?
        if (token !== null) return onePage('x');
        n += 1;
        return logsBody([`new ${n}`, 'x'].map(logRow), `t${n}`);
      },
    });
    expect(await walk()).toMatchObject({ kind: 'incomplete', reason: 'list_growing' });
    expect(storedMessages(sink, 'exec-1')).toEqual(['new 1', 'new 2', 'new 3', 'new 4', 'x']);
  });

  it('keeps an entry that is no object in rejected_entries, and the rest of the page', async () => {
    const { walk, sink } = await runbooksWorld({
      logs: () => ({ ...logsBody([]), ExecutionLogs: ['text', logRow('a')] }),
    });
    expect(await walk()).toMatchObject({ kind: 'complete', counts: { rejected: 1 } });
    expect(storedMessages(sink, 'exec-1')).toEqual(['a']);
  });

  it.each([
    null,
    [],
    'busy',
    { Executions: [] },
    { ExecutionLogs: 'none' },
    { NextToken: 7, ExecutionLogs: [] },
  ])('takes %j for no list: the walk fails, nothing looks like "no logs"', async (body) => {
    const { walk } = await runbooksWorld({ logs: () => body });
    await expect(walk()).rejects.toThrow(/not the documented list/);
  });
});

/** What of `rows` is not covered by `by`, twins counted. */
function excess(rows: readonly string[], by: readonly string[]): readonly string[] {
  const left = [...by];
  return rows.filter((row) => {
    const at = left.indexOf(row);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}
