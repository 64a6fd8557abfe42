import { describe, expect, it } from '@jest/globals';
import { differencesOf, type ExportSpec } from '../../src/domain/exportOrder.ts';

const spec: ExportSpec = {
  ...{ logstore: 'app_log', query: 'level: ERROR', fromMs: 0, toMs: 1_000 },
  ...{ format: 'csv', compression: 'gzip', powerSql: false, allowIncomplete: false },
  ...{ roleArn: null, bucket: null, prefix: null },
};

describe('two orders', () => {
  it('are the same when only blanks of the query differ', () => {
    expect(differencesOf(spec, { ...spec, query: ' level:  ERROR\n' })).toEqual([]);
  });

  it.each<[string, Partial<ExportSpec>]>([
    ['logstore', { logstore: 'other' }],
    ['query', { query: 'level: WARN' }],
    ['from', { fromMs: 500 }],
    ['to', { toMs: 2_000 }],
    ['format', { format: 'json' }],
    ['compression', { compression: 'zstd' }],
    ['power-sql', { powerSql: true }],
    ['allow-incomplete', { allowIncomplete: true }],
    ['role-arn', { roleArn: 'acs:ram::1:role/x' }],
    ['bucket', { bucket: 'b' }],
    ['prefix', { prefix: 'p/' }],
  ])('that differ in %s are told apart by it', (name, other) => {
    expect(differencesOf(spec, { ...spec, ...other })).toEqual([name]);
  });
});
