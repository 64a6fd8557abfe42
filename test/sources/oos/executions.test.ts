import { describe, expect, it } from '@jest/globals';
import type { JsonObject, JsonValue } from '../../../src/domain/json.ts';
import { oosExecutionLogs } from '../../../src/sources/oosExecutionLogs.ts';

const { owners, streamSchema } = oosExecutionLogs;
const stream = streamSchema.parse({ executions: ['exec-xxx'] });

describe('ListExecutions', () => {
  const discovering = (discover: JsonObject) => streamSchema.parse({ discover });
  const now = { kind: 'selected', nowMs: Date.parse('2026-11-22T13:00:00.789Z') } as const;

  it('asks with every filter', () => {
    const asked = discovering({
      status: 'Running',
      templateName: 'MyTemplate',
      startedAfter: '2026-11-01T00:00:00Z',
      startedBefore: '2026-11-02T00:00:00Z',
      endedAfter: '2026-11-03T00:00:00Z',
      endedBefore: '2026-11-04T00:00:00Z',
      mode: 'Automatic',
      category: 'TimerTrigger',
      executedBy: 'ops',
      ramRole: 'OOSServiceRole',
      resourceGroupId: 'rg-1',
      parentExecutionId: 'exec-parent',
      includeChildExecution: true,
      depth: 'RootDepth',
      tags: { team: 'ops' },
      maxResults: 20,
    });
    expect(owners.listing.request(asked, now, 't').query).toEqual({
      Status: 'Running',
      TemplateName: 'MyTemplate',
      StartDateAfter: '2026-11-01T00:00:00Z',
      StartDateBefore: '2026-11-02T00:00:00Z',
      EndDateAfter: '2026-11-03T00:00:00Z',
      EndDateBefore: '2026-11-04T00:00:00Z',
      Mode: 'Automatic',
      Category: 'TimerTrigger',
      ExecutedBy: 'ops',
      RamRole: 'OOSServiceRole',
      ResourceGroupId: 'rg-1',
      ParentExecutionId: 'exec-parent',
      IncludeChildExecution: 'true',
      Depth: 'RootDepth',
      Tags: '{"team":"ops"}',
      MaxResults: '20',
      NextToken: 't',
    });
  });

  it('asks for those started within a time before now', () => {
    const { query } = owners.listing.request(discovering({ startedWithin: '1d' }), now, null);
    expect(query).toEqual({ StartDateAfter: '2026-11-21T13:00:00Z', MaxResults: '100' });
  });

  it('asks for one by its id, whatever the filters', () => {
    const asked = { kind: 'one', id: 'exec-1' } as const;
    const { query } = owners.listing.request(discovering({ status: 'Running' }), asked, null);
    expect(query).toEqual({ ExecutionId: 'exec-1' });
  });

  const execution = {
    ExecutionId: 'exec-44d32b45d2a449e',
    Status: 'Success',
    TemplateName: 'MyTemplate',
    IsParent: false,
    StartDate: '2019-05-16T10:26:14Z',
    EndDate: '2019-05-16T:10:27:14Z',
    Counters: { Total: 2 },
  };
  const readExecution = (sent: JsonValue) =>
    owners.listing.read({ Executions: [sent] }, stream, now)?.entries[0];

  it('reads status, times and template into columns, structures into raw', () => {
    expect(readExecution(execution)).toMatchObject({
      kind: 'entry',
      drift: [],
      entry: {
        key: 'exec-44d32b45d2a449e',
        jobKey: 'exec-44d32b45d2a449e',
        status: 'SUCCESS',
        columns: {
          execution_id: 'exec-44d32b45d2a449e',
          template_name: 'MyTemplate',
          is_parent: false,
          started_at: Date.parse('2019-05-16T10:26:14Z'),
          ended_at: Date.parse('2019-05-16T10:27:14Z'),
        },
        raw: { Status: 'Success', Counters: { Total: 2 } },
      },
    });
  });

  it('reads an empty end as none', () => {
    const reading = readExecution({ ...execution, EndDate: '' });
    expect(reading).toMatchObject({ drift: [], entry: { columns: { ended_at: null } } });
  });

  it.each([
    ['running', 'RUNNING', 0],
    ['Paused', 'PAUSED', 1],
    [undefined, 'UNKNOWN', 1],
  ])('reads status %j as %s, %i drift', (sent, status, drift) => {
    const reading = readExecution({ ...execution, Status: sent ?? null });
    expect([reading, reading?.drift.length]).toEqual([
      expect.objectContaining({ entry: expect.objectContaining({ status }) }),
      drift,
    ]);
  });

  it.each([
    ['not_an_object', 'text'],
    ['no_execution_id', { Status: 'Running' }],
    ['execution_id_too_long', { ExecutionId: 'x'.repeat(300) }],
  ])('rejects as %s what cannot be followed', (reason, sent) => {
    expect(readExecution(sent)).toMatchObject({ kind: 'rejected', entry: { reason } });
  });

  it('knows which statuses are the end', () => {
    expect([...owners.terminal].toSorted()).toEqual(['CANCELLED', 'FAILED', 'SUCCESS']);
  });
});
