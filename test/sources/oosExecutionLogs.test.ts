import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../src/domain/json.ts';
import { parseJson } from '../../src/http/json.ts';
import { oosExecutionLogs } from '../../src/sources/oosExecutionLogs.ts';

const example = parseJson(
  readFileSync(new URL('../fixtures/oos-list-execution-logs.json', import.meta.url), 'utf8'),
);
const { listing, streamSchema, probe } = oosExecutionLogs;
const stream = streamSchema.parse({ executions: ['exec-xxx'] });
const at = { ownerId: 'exec-xxx' };

function readOne(log: JsonValue) {
  return listing.read({ ExecutionLogs: [log], MaxResults: 50 }, stream, at)?.entries[0];
}

function entryOf(log: JsonValue) {
  const reading = readOne(log);
  if (reading?.kind !== 'entry') throw new Error('not an entry');
  return reading;
}

const log: JsonObject = {
  TaskExecutionId: 'exec-1234567zxcvb.t0010',
  Message: 'The task CheckDiskCategory completed.',
  LogType: 'System',
  Timestamp: '2019-05-24T02:29:07Z',
};

describe('ListExecutionLogs', () => {
  it('asks with every parameter of the API page', () => {
    const asked = streamSchema.parse({
      executions: ['exec-xxx'],
      taskExecutionId: 'exec-1234567zxcvb.t0010',
      logType: 'System',
      regionId: 'cn-hangzhou',
      maxResults: 20,
    });
    expect(listing.request(asked, at, 'to:ke=n')).toEqual({
      product: 'oos',
      api: 'ListExecutionLogs',
      method: 'GET',
      path: '/',
      query: {
        RegionId: 'cn-hangzhou',
        ExecutionId: 'exec-xxx',
        TaskExecutionId: 'exec-1234567zxcvb.t0010',
        LogType: 'System',
        MaxResults: '20',
        NextToken: 'to:ke=n',
      },
    });
  });

  it('leaves out what is not configured', () => {
    expect(listing.request(stream, at, null).query).toEqual({
      ExecutionId: 'exec-xxx',
      MaxResults: '50',
    });
  });

  it('types every field of the example of the API page', () => {
    expect(listing.read(example, stream, at)).toEqual({
      nextToken:
        'gAAAAABdpsGWjX8dJ-a6dl_pvoS7AFxNHSNJKHLCAJ:J0ylgA53nWW5V4HTEZKCYTaEPNOrxFir4z43UTOjE150cFr8AGTifA==',
      truncated: true,
      drift: [],
      entries: [
        {
          kind: 'entry',
          content: expect.any(String),
          columns: {
            execution_id: 'exec-xxx',
            task_execution_id: 'exec-1234567zxcvb.t0010',
            message: 'The task CheckDiskCategory completed.',
            log_type: 'System',
            logged_at: Date.parse('2019-05-24T02:29:07Z'),
            timestamp_text: '2019-05-24T:02:29:07Z',
          },
          raw: { LogType: ' System' },
          drift: [],
        },
      ],
    });
  });

  it('takes entries that say the same in another spelling for twins', () => {
    const spelled = { ...log, LogType: ' System', Timestamp: '2019-05-24T:02:29:07Z' };
    expect(entryOf(spelled).content).toBe(entryOf(log).content);
  });

  it.each([
    ['TaskExecutionId', 'exec-other'],
    ['Message', 'Another.'],
    ['LogType', 'User'],
    ['Timestamp', '2019-05-24T02:29:08Z'],
    ['Timestamp', 'yesterday'],
    ['Message', { Text: 'x' }],
  ])('tells entries apart that differ in %s (%j)', (field, value) => {
    expect(entryOf({ ...log, [field]: value }).content).not.toBe(entryOf(log).content);
  });

  it('tells entries apart that differ in a field which cannot be read', () => {
    const unreadable = (text: string) => entryOf({ ...log, Timestamp: text }).content;
    expect(unreadable('yesterday')).not.toBe(unreadable('today'));
  });

  it('keeps unknown fields, which do not make an entry another one', () => {
    const reading = entryOf({ ...log, Level: 'INFO', Link: 'https://h/f?Signature=s' });
    expect(reading.raw).toEqual({ Level: 'INFO', Link: 'https://h/f?[withheld]' });
    expect(reading.drift.map(({ path, kind }) => [path, kind])).toEqual([
      ['Level', 'unknown_field'],
      ['Link', 'unknown_field'],
    ]);
    expect(reading.content).toBe(entryOf(log).content);
  });

  it('keeps the text of a time that is none, and an object that should be text', () => {
    const reading = entryOf({ ...log, Timestamp: 'yesterday', Message: { Code: 9n } });
    expect(reading.columns).toMatchObject({
      logged_at: null,
      timestamp_text: 'yesterday',
      message: null,
    });
    expect(reading.raw).toEqual({ Timestamp: 'yesterday', Message: { Code: 9n } });
  });

  it('withholds the query of a pre-signed link in a message', () => {
    const message = 'got https://b.oss.aliyuncs.com/f?Expires=1&Signature=secret back';
    expect(JSON.stringify(entryOf({ ...log, Message: message }))).not.toContain('secret');
  });

  it('reads an entry without any field as one', () => {
    expect(entryOf({}).columns).toEqual({
      execution_id: 'exec-xxx',
      task_execution_id: null,
      log_type: null,
      message: null,
      logged_at: null,
      timestamp_text: null,
    });
  });

  it('rejects what is no object', () => {
    expect(readOne('text')).toMatchObject({ kind: 'rejected', entry: { reason: 'not_an_object' } });
  });

  it('reads any JSON as an entry without throwing', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (message, type, time) => {
        const sent = { Message: message, LogType: type, Timestamp: time } as JsonObject;
        expect(readOne(sent)?.kind).toBe('entry');
      }),
    );
  });

  it.each([
    null,
    [],
    'busy',
    {},
    { Executions: [] },
    { ExecutionLogs: {} },
    { ExecutionLogs: [], NextToken: 1 },
  ])('refuses to take %j for a page', (body) => {
    expect(listing.read(body, stream, at)).toBeNull();
  });

  it.each([
    [{ MaxResults: 50 }, null],
    [{ NextToken: 'a' }, 'a'],
    [{ ExecutionLogs: null, NextToken: 'a' }, 'a'],
    [{ ExecutionLogs: [], NextToken: '' }, null],
  ])('reads %j as an empty page', (body, nextToken) => {
    expect(listing.read(body, stream, at)).toMatchObject({ entries: [], nextToken });
  });

  it('tells an execution that is gone from a request that is refused', () => {
    const gone = (status: number, code?: string) => oosExecutionLogs.isGone({ status, code });
    expect([gone(404), gone(400, 'EntityNotExists.Execution'), gone(403, 'Forbidden')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('the settings of a stream', () => {
  it.each([
    [{}],
    [{ executions: [] }],
    [{ executions: ['exec-1'], discover: {} }],
    [{ executions: ['exec 1'] }],
    [{ discover: { startedAfter: 'yesterday' } }],
    [{ discover: { startedAfter: '2026-11-01T00:00:00Z', startedWithin: '1d' } }],
    [{ discover: { maxResults: 5 } }],
    [{ executions: ['exec-1'], maxResults: 0 }],
    [{ executions: ['exec-1'], settle: 'soon' }],
  ])('refuse %j', (settings) => {
    expect(streamSchema.safeParse(settings).success).toBe(false);
  });

  it('ask for either executions or discover', () => {
    expect(streamSchema.safeParse({}).error?.issues[0]?.message).toBe(
      'needs either executions: [exec-xxx] or discover: { ... }',
    );
  });
});

describe('the probe of check', () => {
  it('reads the first page of the logs of a named execution', () => {
    expect(probe.request(stream, 0)).toMatchObject({ api: 'ListExecutionLogs' });
    expect(probe.found(example, stream)).toBe(
      '1 log entries of exec-xxx on the first page, and there are more',
    );
    expect(probe.found('busy', stream)).toBeNull();
  });

  it('lists executions where they are discovered', () => {
    const asked = streamSchema.parse({ discover: {} });
    expect(probe.request(asked, 0)).toMatchObject({ api: 'ListExecutions' });
    expect(probe.found({ Executions: [] }, asked)).toBe('0 executions on the first page');
  });
});
