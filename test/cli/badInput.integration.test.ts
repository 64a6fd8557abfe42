import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/server.ts';
import { openWorkplace, type Ended, type Workplace } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { cloudConfig, rows, startCloud } from '../support/simulated.ts';

let cloud: Simulator;
let database: TestDatabase;

beforeAll(async () => {
  cloud = await startCloud(30);
  database = await createDatabase();
});
afterAll(async () => {
  await cloud.close();
  await database.drop();
});

/** Runs one command in a folder with this configuration. */
async function attempt(
  args: readonly string[],
  place: Partial<Parameters<typeof openWorkplace>[0]> = {},
): Promise<Ended> {
  const env = { DATABASE_URL: database.url, REDIS_URL: '', ...place.env };
  const work: Workplace = await openWorkplace({
    ...place,
    config: place.config ?? cloudConfig({ url: cloud.url }),
    env,
  });
  try {
    return await work.run(...args);
  } finally {
    await work.close();
  }
}

/** Lines that are not log lines: what a person is told. */
function told({ stderr, stdout }: Ended): readonly string[] {
  return `${stdout}\n${stderr}`.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
}

describe('bad input gets one clear line that says what to do, and exit code 1 or 2', () => {
  it('a wrong secret key', async () => {
    const config = cloudConfig({ url: cloud.url, accessKeySecret: 'wrong' });
    const ended = await attempt(['sync'], { config });
    expect(ended.exitCode).toBe(1);
    expect(told(ended).join('\n')).toMatch(/SignatureNotMatch.*accessKeySecret|secret/i);
    expect(ended.stderr + ended.stdout).not.toContain('wrong,');
  });

  it('a project that does not exist', async () => {
    const config = cloudConfig({ url: cloud.url, project: 'no-such-project' });
    const ended = await attempt(['sync'], { config });
    expect(ended.exitCode).toBe(1);
    expect(told(ended).join('\n')).toMatch(/404 ProjectNotExist/);
    const [walk] = await rows(
      database.url,
      'select outcome, error from walks order by id desc limit 1',
    );
    expect(walk).toMatchObject({
      outcome: 'failed',
      error: expect.stringContaining('ProjectNotExist'),
    });
  });

  it('a cloud that cannot be reached', async () => {
    const config = cloudConfig({ url: 'http://127.0.0.1:9' });
    const ended = await attempt(['check'], { config });
    expect(ended.exitCode).toBe(1);
    expect(told(ended).filter((line) => line.includes('FAILED'))).toEqual([
      expect.stringMatching(/ECONNREFUSED/),
    ]);
  });

  it.each(['sync', 'start', 'status', 'migrate'])('no database (%s)', async (command) => {
    const env = { DATABASE_URL: 'postgres://someone:hunter2@127.0.0.1:9/none' };
    const ended = await attempt([command], { env });
    expect(ended.exitCode).toBe(1);
    expect(told(ended)).toEqual([expect.stringMatching(/127\.0\.0\.1:9.*database\.url/)]);
    expect(ended.stderr).not.toContain('hunter2');
  });

  it('a wrong password for the database', async () => {
    const url = new URL(database.url);
    url.password = 'hunter2';
    const ended = await attempt(['sync'], { env: { DATABASE_URL: url.href } });
    expect(ended.exitCode).toBe(1);
    expect(told(ended)).toEqual([expect.stringMatching(/password/)]);
    expect(ended.stderr).not.toContain('hunter2');
  });

  it('a queue that cannot be reached', async () => {
    const ended = await attempt(['start'], { env: { REDIS_URL: 'redis://:hunter2@127.0.0.1:9' } });
    expect(ended.exitCode).toBe(1);
    expect(told(ended)).toEqual([expect.stringMatching(/127\.0\.0\.1:9/)]);
    expect(ended.stderr).not.toContain('hunter2');
  });

  it('a port that is in use', async () => {
    const taken: Server = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    const ended = await attempt(['start'], {
      config: cloudConfig({ url: cloud.url, webPort: port }),
    });
    const simulated = await attempt(['simulate', '--port', String(port)]);
    taken.close();
    expect(ended.exitCode).toBe(1);
    expect(told(ended)).toEqual([expect.stringMatching(new RegExp(`port ${port}.*web\\.port`))]);
    expect(simulated.exitCode).toBe(2);
    expect(told(simulated)).toEqual([expect.stringMatching(new RegExp(`port ${port}.*--port`))]);
  });

  it('a demo where nothing can be written', async () => {
    const ended = await attempt(['demo'], {
      files: { '.logferry': 'a file in the place of the folder' },
    });
    expect(ended.exitCode).toBe(1);
    expect(told(ended).at(-1)).toMatch(/cannot write to .*: run LogFerry in a directory/);
    expect(ended.stderr).not.toMatch(/should not happen/);
  });

  it('no configuration file', async () => {
    const ended = await attempt(['sync', '--config', 'other.yaml']);
    expect(ended.exitCode).toBe(2);
    expect(told(ended)).toEqual([expect.stringMatching(/other\.yaml.*logferry init/)]);
  });

  it('a configuration with several errors: all at once, each with its path', async () => {
    const config = cloudConfig({ url: cloud.url, pageSize: 1, schedule: 'often' });
    const ended = await attempt(['start'], { config });
    expect(ended.exitCode).toBe(2);
    expect(told(ended)).toEqual([
      expect.stringContaining('streams.exports.schedule'),
      expect.stringContaining('streams.exports.pageSize'),
    ]);
  });

  it('a stream that is not configured', async () => {
    const ended = await attempt(['sync', 'exprots']);
    expect(ended.exitCode).toBe(2);
    expect(told(ended)).toEqual([expect.stringContaining('did you mean exports?')]);
  });

  it('a role that does not exist', async () => {
    const ended = await attempt(['start', '--roles', 'worker,waiter']);
    expect(ended.exitCode).toBe(2);
    expect(told(ended)).toEqual([expect.stringMatching(/scheduler, worker, web/)]);
  });

  it('a command that does not exist', async () => {
    const ended = await attempt(['sink']);
    expect(ended.exitCode).toBe(2);
    expect(ended.stderr).toMatch(/did you mean sync|Did you mean sync/);
  });
});

describe('commands on a cloud that answers', () => {
  it('sync stores the list and says so; status then shows it', async () => {
    const synced = await attempt(['sync', '--json']);
    expect(synced.exitCode).toBe(0);
    expect(JSON.parse(synced.stdout)).toMatchObject({
      walks: [{ stream: 'exports', outcome: 'complete', counts: { entriesSeen: 30 } }],
    });
    const status = await attempt(['status', '--json']);
    expect(status.exitCode).toBe(0);
    expect(JSON.parse(status.stdout)).toMatchObject([{ name: 'exports', entries: 30 }]);
  });

  it('sync --dry-run asks and proves, and stores nothing', async () => {
    const env = { DATABASE_URL: 'postgres://nobody@127.0.0.1:9/none' };
    const ended = await attempt(['sync', '--dry-run'], { env });
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toMatch(/exports +complete .* 30 /);
  });

  it('sync of a listing without proof ends with exit code 3 and the reason', async () => {
    cloud.setFaults({ totalAbsent: 1 });
    const ended = await attempt(['sync']);
    cloud.setFaults({});
    expect(ended.exitCode).toBe(3);
    expect(ended.stdout).toContain('exports is incomplete: total_missing');
  });

  it('check asks every part and one page of every stream', async () => {
    const ended = await attempt(['check', '--json']);
    expect(ended.exitCode).toBe(0);
    const results = JSON.parse(ended.stdout) as { what: string; ok: boolean }[];
    expect(results.map(({ what, ok }) => [what, ok])).toEqual([
      ['configuration', true],
      ['database', true],
      ['queue', true],
      ['stream exports', true],
    ]);
  });
});
