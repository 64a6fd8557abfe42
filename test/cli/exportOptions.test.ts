import { describe, expect, it } from '@jest/globals';
import {
  exportCommand,
  nextAttempt,
  type ExportCommandOptions,
} from '../../src/cli/exportOptions.ts';
import { isJobName } from '../../src/domain/exportName.ts';
import type { StoredOrder } from '../../src/sinks/sink.ts';

const at = { nowMs: Date.parse('2026-11-24T00:00:00Z'), random: 0.25 };
const plain: ExportCommandOptions = {
  ...{ config: 'logferry.yaml', json: false, wait: false, format: 'csv', compression: 'gzip' },
  ...{ powerSql: false, allowIncomplete: false },
  ...{ logstore: 'app_log', query: '*', from: '2026-11-01', to: '2026-11-02T08:00:00+08:00' },
};

type Optional = 'logstore' | 'query' | 'from' | 'to';

function left(...names: readonly Optional[]): ExportCommandOptions {
  const { logstore, query, from, to, ...rest } = plain;
  const given = Object.entries({ logstore, query, from, to });
  const kept = given.filter(([name]) => !names.some((gone) => gone === name));
  return { ...rest, ...Object.fromEntries(kept) };
}

describe('the options of logferry export', () => {
  it('make an order by hand, under a name of its own', () => {
    const command = exportCommand(plain, at);
    expect(command).toMatchObject({
      kind: 'order',
      order: {
        ...{ logstore: 'app_log', query: '*', format: 'csv', compression: 'gzip', export: null },
        fromMs: Date.parse('2026-11-01T00:00:00Z'),
        toMs: Date.parse('2026-11-02T00:00:00Z'),
        ...{ attempt: 1, powerSql: false, allowIncomplete: false, roleArn: null },
      },
    });
    expect(command.kind === 'order' && isJobName(command.order.name)).toBe(true);
  });

  it.each<[string, ExportCommandOptions, RegExp]>([
    ['no query', left('query'), /--query is missing/],
    ['no Logstore', left('logstore'), /--logstore is missing/],
    ['no begin', left('from'), /--from is missing/],
    ['no end', left('to'), /--to is missing/],
    ['a blank query', { ...plain, query: ' ' }, /--query is missing/],
    ['a name that no job can have', { ...plain, name: 'Nope' }, /--name takes 2 to 64 of/],
    ['a time that is none', { ...plain, from: 'yesterday' }, /--from must be a time like/],
    ['a range that runs backwards', { ...plain, from: '2026-11-03' }, /--from must be before/],
    ['an end in the future', { ...plain, to: '2026-11-25' }, /--to must not be in the future/],
    ['a format that no job has', { ...plain, format: 'xml' }, /--format takes csv, json/],
    ['parameters beside --again', { ...plain, again: 'x1' }, /leave out --logstore/],
  ])('are refused with %s', (_what, options, message) => {
    expect(() => exportCommand(options, at)).toThrow(message);
  });

  it('order a failed one again by its name alone', () => {
    const options = { ...left('logstore', 'query', 'from', 'to'), again: 'nightly' };
    expect(exportCommand(options, at)).toEqual({ kind: 'again', name: 'nightly' });
  });

  it('give the next attempt the parameters of the one before', () => {
    const made = exportCommand({ ...plain, name: 'nightly' }, at);
    if (made.kind !== 'order') throw new Error('no order was made');
    const stored: StoredOrder = {
      ...made.order,
      ...{ id: '1', streamId: '1', status: 'refused', errorMessage: 'no', intendedAtMs: 0 },
      ...{ orderedAtMs: null, refusedAtMs: 0, closedAtMs: null, job: null },
    };
    expect(nextAttempt(stored, 0)).toEqual({
      ...made.order,
      ...{
        name: 'nightly-a2',
        attempt: 2,
        description: 'Ordered by LogFerry: attempt 2 [0000000000]',
      },
    });
  });
});
