import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Simulator } from '../../src/simulator/server.ts';
import { AK_SK, someLog, startChecks, subJob } from '../support/checks.ts';
import { eventually } from '../queue/eventually.ts';
import { openWorkplace, type Workplace } from '../support/daemon.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { rows } from '../support/simulated.ts';

const ids = [subJob(1), subJob(2), subJob(3)];
const linesEach = 20_000;

let cloud: Simulator;
let database: TestDatabase;
beforeAll(async () => {
  cloud = await startChecks({
    subJobs: Object.fromEntries(ids.map((id) => [id, someLog(id, linesEach)])),
  });
  database = await createDatabase();
});
afterAll(async () => {
  await cloud.close();
  await database.drop();
});

function config(given: {
  readonly subJobIds: readonly string[];
  readonly secretKey?: string;
  readonly url?: string;
}): string {
  const { accessKey, secretKey } = AK_SK;
  return `
database: { url: "\${DATABASE_URL}" }
log: { level: debug }
accounts:
  build:
    provider: huawei
    region: cn-north-4
    credentials: { type: ak_sk, accessKey: ${accessKey}, secretKey: ${given.secretKey ?? secretKey} }
    endpoints: { iam: "${given.url ?? cloud.url}", codearts_check: "${given.url ?? cloud.url}" }
streams:
  checklogs:
    source: huawei.codearts_check.log_files
    account: build
    subJobIds: [${given.subJobIds.join(', ')}]
    requestsPerSecond: 50
    schedule: "* * * * * *"
`;
}

function open(yaml: string): Promise<Workplace> {
  return openWorkplace({ config: yaml, env: { DATABASE_URL: database.url, REDIS_URL: '' } });
}

/** Lines that are not log lines: what a person is told. */
function told({ stderr, stdout }: { readonly stderr: string; readonly stdout: string }): string {
  return `${stdout}\n${stderr}`
    .split('\n')
    .filter((line) => !line.startsWith('{'))
    .join('\n');
}

function downloads(): number {
  const counts = Object.values(cloud.requests()['DownloadLog'] ?? {});
  return counts.reduce((sum, count) => sum + count, 0);
}

const leftovers = (): readonly string[] =>
  readdirSync(tmpdir()).filter((name) => /^logferry-[0-9a-f]{8}-/.test(name));

describe('the daemon, killed with SIGKILL at random moments while it fetches archives', () => {
  it('ends with exactly the lines of the cloud, and leaves no file behind', async () => {
    const before = leftovers();
    const work = await open(config({ subJobIds: ids }));
    try {
      // While it starts, fetches, unpacks, stores; and between two archives.
      const moments = [
        { event: 'daemon_started', laterMs: 0 },
        { event: 'tick', laterMs: 60 },
        { event: 'tick', laterMs: 150 },
        { event: 'tick', laterMs: 300 },
        { event: 'archive_stored', laterMs: 0 },
        { event: 'tick', laterMs: 500 },
      ];
      for (const { event, laterMs } of moments) {
        const daemon = work.startDaemon();
        await eventually(() => {
          expect(daemon.events().map((line) => line['event'])).toContain(event);
        });
        await sleep(laterMs);
        daemon.kill('SIGKILL');
        await daemon.ended;
      }
      const ended = await work.run('sync', 'checklogs');
      expect([ended.exitCode, told(ended)]).toEqual([0, expect.stringContaining('complete')]);
    } finally {
      await work.close();
    }
    const stored = await rows<{ id: string; entry: string; line: number; text: string }>(
      database.url,
      `select f.sub_job_id as id, l.entry_name as entry, l.line_no::int as line, l.text
       from log_files f join log_file_lines l on l.log_file_id = f.id
       order by f.sub_job_id, l.entry_no, l.line_no`,
    );
    expect(stored).toHaveLength(ids.length * linesEach);
    const truth = ids.flatMap((id) =>
      (cloud.checks.lines().get(id) ?? []).map(({ entryName, lineNumber, text }) => ({
        ...{ id, entry: entryName, line: lineNumber, text },
      })),
    );
    expect(stored).toEqual(truth);
    const orphans = await rows(
      database.url,
      `select 1 from log_file_lines l where not exists (select from log_files f where f.id = l.log_file_id) limit 1`,
    );
    expect(orphans).toEqual([]);
    expect(leftovers().filter((name) => !before.includes(name))).toEqual([]);
  }, 120_000);
});

describe('bad input gets one clear line that says what to do', () => {
  it('a wrong secret key: one request, exit code 1, no key in what is said', async () => {
    const work = await open(
      config({ subJobIds: [subJob(1), subJob(7)], secretKey: 'wrong-secret' }),
    );
    try {
      const before = downloads();
      const ended = await work.run('sync', '--sub-job-id', subJob(8));
      expect(ended.exitCode).toBe(1);
      expect(told(ended)).toMatch(/HTTP 401 APIGW\.0301.*check the access key/);
      expect(ended.stdout + ended.stderr).not.toMatch(/wrong-secret|Signature=/);
      expect(downloads() - before).toBe(1);
    } finally {
      await work.close();
    }
  });

  it('an id that the service refuses: exit code 3, the others stored', async () => {
    const work = await open(config({ subJobIds: [subJob(1), subJob(7)] }));
    try {
      const ended = await work.run('sync', '--json');
      expect(ended.exitCode).toBe(3);
      expect(JSON.parse(ended.stdout)).toMatchObject({
        walks: [{ outcome: 'incomplete', reason: 'archive_rejected' }],
      });
      const status = await work.run('status');
      expect([status.exitCode, status.stdout]).toEqual([
        3,
        expect.stringContaining('archive_rejected'),
      ]);
    } finally {
      await work.close();
    }
  });

  it('--sub-job-id that is none: exit code 2', async () => {
    const work = await open(config({ subJobIds: [subJob(1)] }));
    try {
      const ended = await work.run('sync', '--sub-job-id', 'nonsense');
      expect([ended.exitCode, told(ended)]).toEqual([
        2,
        expect.stringContaining('"nonsense" is no sub-job id: 32 letters and digits'),
      ]);
    } finally {
      await work.close();
    }
  });

  it('check tells whether the archive can be had', async () => {
    const good = await open(config({ subJobIds: [subJob(1)] }));
    const bad = await open(config({ subJobIds: [subJob(7)] }));
    try {
      const found = await good.run('check');
      expect([found.exitCode, told(found)]).toEqual([
        0,
        expect.stringMatching(/stream checklogs +ok +DownloadLog answered in \d+ ms: a ZIP/),
      ]);
      const refused = await bad.run('check');
      expect([refused.exitCode, told(refused)]).toEqual([
        1,
        expect.stringMatching(/stream checklogs +FAILED +DownloadLog.*HTTP 400 CC\.00070400\.400/),
      ]);
    } finally {
      await good.close();
      await bad.close();
    }
  });
});
