import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { SimulatorEvent } from '../../src/simulator/server.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import { KEY, send, sendRaw } from './signedRequest.ts';
import { PROJECT, START_MS, closeAfterEach, names, startWorld, verdict } from './world.ts';

closeAfterEach();

interface Recorded {
  readonly id: string;
  readonly signing: { readonly securityToken: string | null };
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}
const file = new URL('../fixtures/captured-requests.json', import.meta.url);
const recorded = (JSON.parse(readFileSync(file, 'utf8')) as readonly Recorded[]).filter((entry) =>
  entry.id.startsWith('sls-'),
);

describe('the server', () => {
  it.each(recorded.map((entry) => [entry.id, entry] as const))(
    'believes %s over HTTP (it names no project), and refuses it with one letter of the signature changed',
    async (_, { signing, method, url, headers, body }) => {
      const { simulator } = await startWorld({
        nowMs: () => Date.parse('2026-11-22T13:15:49Z'),
        accounts: [
          {
            accessKeyId: KEY.id,
            accessKeySecret: KEY.secret,
            ...(signing.securityToken === null ? {} : { securityToken: signing.securityToken }),
          },
        ],
      });
      const { port } = simulator;
      const authorization = headers['authorization']!.replace(
        /(.)(=*)$/,
        (_all, last: string, pad: string) => `${last === '0' ? '1' : '0'}${pad}`,
      );
      const sent = { port, method, target: url, headers, body };
      expect([
        verdict(await sendRaw(sent)),
        verdict(await sendRaw({ ...sent, headers: { ...headers, authorization } })),
      ]).toEqual(['400 InvalidHost', '401 SignatureNotMatch']);
    },
  );

  it('tells projects apart by the first label of the Host header', async () => {
    const { ask } = await startWorld({
      projects: { one: { jobs: [{ name: 'in-one' }] }, two: { jobs: [{ name: 'in-two' }] } },
    });
    expect([
      names(await ask({ path: '/downloadjobs', project: 'one' })),
      names(await ask({ path: '/downloadjobs', project: 'two' })),
      verdict(await ask({ path: '/downloadjobs', project: 'three' })),
    ]).toEqual([['in-one'], ['in-two'], '404 ProjectNotExist']);
  });

  it('takes either HMAC of v1', async () => {
    const { ask } = await startWorld();
    const statuses = await Promise.all(
      (['sha1', 'sha256'] as const).map((algorithm) => ask({ path: '/downloadjobs', algorithm })),
    );
    expect(statuses.map(({ status }) => status)).toEqual([200, 200]);
  });

  it('refuses a wrong secret, an unknown key, a missing and a foreign token, and a clock that is off', async () => {
    const { ask, clock } = await startWorld({
      accounts: [
        { accessKeyId: KEY.id, accessKeySecret: KEY.secret },
        { accessKeyId: 'sts', accessKeySecret: 'secret', securityToken: 'token' },
      ],
    });
    const path = '/downloadjobs';
    const sts = { id: 'sts', secret: 'secret' };
    expect([
      verdict(await ask({ path, key: { ...KEY, secret: 'wrong' } })),
      verdict(await ask({ path, key: { ...KEY, id: 'nobody' } })),
      verdict(await ask({ path, key: sts })),
      verdict(await ask({ path, key: { ...sts, token: 'old' } })),
      verdict(await ask({ path, key: { ...sts, token: 'token' } })),
      verdict(await ask({ path, key: { ...KEY, token: 'token' } })),
      verdict(await ask({ path, nowMs: clock.nowMs - 901_000 })),
    ]).toEqual([
      '401 SignatureNotMatch',
      '401 Unauthorized',
      '401 Unauthorized',
      '401 Unauthorized',
      '200',
      '401 Unauthorized',
      '400 RequestTimeExpired',
    ]);
  });

  it('answers errors and successes with a request id of their own and the simulated time as Date', async () => {
    const { list, ask } = await startWorld();
    const answers = [await list(), await ask({ path: '/downloadjobs', project: 'nobody' })];
    expect(answers.map(({ headers }) => headers['date'])).toEqual([
      new Date(START_MS).toUTCString(),
      new Date(START_MS).toUTCString(),
    ]);
    const ids = answers.map(({ headers }) => headers['x-log-requestid']);
    expect([new Set(ids).size, ids.every((id) => /^[0-9A-F]{24}$/.test(String(id)))]).toEqual([
      2,
      true,
    ]);
  });

  it('refuses a path or method no API has, and a target that cannot be decoded', async () => {
    const { ask, simulator } = await startWorld();
    expect([
      verdict(await ask({ path: '/uploadjobs' })),
      verdict(await ask({ path: '/downloadjobs', method: 'PUT' })),
      verdict(
        await sendRaw({ port: simulator.port, method: 'GET', target: '/%E0%A4%A', headers: {} }),
      ),
    ]).toEqual(['404 PathInvalid', '404 PathInvalid', '400 ParameterInvalid']);
  });

  it('refuses a body above 10 MB', async () => {
    const { ask } = await startWorld();
    const body = ' '.repeat(10 * 1024 * 1024 + 1);
    expect(verdict(await ask({ path: '/downloadjobs', method: 'POST', body }))).toBe(
      '413 PostBodyTooLarge',
    );
  });

  it('takes 100 KB of request headers', async () => {
    const { ask } = await startWorld();
    const headers = { 'x-log-note': 'n'.repeat(100_000) };
    expect((await ask({ path: '/downloadjobs', headers })).status).toBe(200);
  });

  it('counts every answer by API and status, and tells of each without the query or the key', async () => {
    const events: SimulatorEvent[] = [];
    const { list, ask, simulator } = await startWorld({ log: (event) => events.push(event) });
    await list({ size: '5' });
    await list({ size: 'many' });
    await ask({ path: '/elsewhere' });
    expect(simulator.requests()).toEqual({
      ListDownloadJobs: { '200': 1, '400': 1 },
      none: { '404': 1 },
    });
    expect(events[0]).toEqual({
      request: 1,
      method: 'GET',
      path: '/downloadjobs',
      api: 'ListDownloadJobs',
      delivery: 200,
    });
  });

  it('says which port is taken', async () => {
    const { simulator } = await startWorld();
    await expect(
      startSimulator({ seed: 1, accounts: [], region: 'x', projects: {}, port: simulator.port }),
    ).rejects.toThrow(/EADDRINUSE/);
  });

  it('stops at once while an answer is still being delayed', async () => {
    const { simulator, clock } = await startWorld({
      faults: { delay: { when: 1, delayMs: 600_000 } },
    });
    const { port } = simulator;
    const pending = send({ port, project: PROJECT, path: '/downloadjobs', nowMs: clock.nowMs });
    const outcome = expect(pending).rejects.toThrow();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await simulator.close();
    await outcome;
  });

  it('lives on when callers hang up in mid-answer', async () => {
    const { simulator, list, clock } = await startWorld({
      project: { jobs: [{ name: 'my-job' }] },
      faults: { trickle: { when: { at: [0] }, durationMs: 300 } },
    });
    const socketGone = send({
      port: simulator.port,
      project: PROJECT,
      path: '/downloadjobs',
      nowMs: clock.nowMs,
      hangUpAfterMs: 60,
    });
    await expect(socketGone).rejects.toThrow(/hang|aborted/i);
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(names(await list())).toEqual(['my-job']);
  });
});

describe('the truth', () => {
  it('is what List shows, in its order, and follows what a test inserts and deletes', async () => {
    const { simulator, list } = await startWorld({ project: { jobs: [{ name: 'one' }] } });
    const truth = simulator.project(PROJECT);
    truth.insert({ name: 'two' });
    truth.insert({ name: 'three' });
    expect(truth.delete('one')).toBe(true);
    expect(truth.delete('one')).toBe(false);
    expect([truth.jobs().map(({ name }) => name), names(await list())]).toEqual([
      ['three', 'two'],
      ['three', 'two'],
    ]);
  });

  it('refuses a second job of one name, and a project that does not exist', async () => {
    const { simulator } = await startWorld({ project: { jobs: [{ name: 'one' }] } });
    expect(() => {
      simulator.project(PROJECT).insert({ name: 'one' });
    }).toThrow('job one exists already');
    expect(() => simulator.project('nobody')).toThrow('the simulator has no project nobody');
  });

  it('tells which requests saw a job', async () => {
    const { simulator, list } = await startWorld();
    await list();
    simulator.project(PROJECT).insert({ name: 'seen-by-two-and-three' });
    await list();
    await list();
    simulator.project(PROJECT).delete('seen-by-two-and-three');
    expect(simulator.project(PROJECT).history()).toMatchObject([
      { insertedAtRequest: 2, removedAtRequest: 4 },
    ]);
  });
});
