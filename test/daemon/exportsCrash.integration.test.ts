import { randomInt } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { readdirSync, readlinkSync, watch, type FSWatcher } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { FileFormat } from '../../src/simulator/oss/fileSpec.ts';
import { SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { describeBackends, openPostgresServer, type QueueServer } from '../queue/backends.ts';
import { openWorkplace, type Daemon, type Workplace } from '../support/daemon.ts';
import {
  everyTable,
  exportsConfig,
  FORMATS,
  secretsIn,
  startExportsCloud,
  trickyRows,
  trueRows,
  visibleRows,
} from '../support/exports.ts';
import { createDatabase, type TestDatabase } from '../support/postgres.ts';
import { everyKey } from '../support/redis.ts';
import { rows } from '../support/simulated.ts';

const rowsEach = 50_000;
const patienceMs = 120_000;
const testTimeoutMs = 240_000;

/** One file of each packing, both formats among them. */
const targets = FORMATS.filter(
  ({ contentType, compressionType }) =>
    (contentType === 'csv') === (compressionType === 'gzip' || compressionType === 'zstd'),
);
const nameOf = ({ compressionType }: FileFormat): string => `packed-${compressionType}`;
const names = targets.map(nameOf);
const rowsTotal = names.length * rowsEach;

async function until(check: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + patienceMs; Date.now() < end;) {
    if (await check()) return;
    await sleep(20);
  }
  throw new Error(`not reached within ${patienceMs / 1000} s`);
}

let queue: QueueServer;
let database: TestDatabase;
let cloud: Simulator;
let work: Workplace;
let temporary: string;
let watcher: FSWatcher;
let looking: NodeJS.Timeout;
/** Names that stood in the folder for temporary files for however short a time. */
const seen = new Set<string>();
/** Whatever the daemons wrote or showed. */
const told: string[] = [];

async function openWorld(openQueue: () => Promise<QueueServer>): Promise<void> {
  queue = await openQueue();
  database = await createDatabase();
  const file = { rows: trickyRows(rowsEach) };
  cloud = await startExportsCloud(
    Object.fromEntries(targets.map((target) => [nameOf(target), { file, target }])),
  );
  cloud.setFaults({
    apis: ['GetObject'],
    delay: { when: 0.3, delayMs: 30 },
    ...{ cutBody: 0.2, linkExpired: 0.1, noRange: 0.2, badGateway: 0.05 },
  });
  temporary = await mkdtemp(join(tmpdir(), 'logferry-temporary-'));
  watcher = watch(temporary, (_, name) => seen.add(name ?? ''));
  // A file that never has a name is seen only at the process that holds it.
  looking = setInterval(() => {
    for (const file of openFiles()) if (file.startsWith(`${temporary}/`)) seen.add(file);
  }, 100);
  const redis = queue.location.kind === 'redis' ? queue.location : null;
  work = await openWorkplace({
    config: exportsConfig({ url: cloud.url }),
    env: {
      DATABASE_URL: database.url,
      REDIS_URL: redis?.url ?? '',
      QUEUE_PREFIX: redis?.prefix ?? 'logferry',
      TMPDIR: temporary,
    },
  });
  told.length = 0;
  seen.clear();
}

async function closeWorld(): Promise<void> {
  await work.close();
  watcher.close();
  clearInterval(looking);
  await rm(temporary, { recursive: true });
  await cloud.close();
  await database.drop();
  await queue.close();
}

async function loadedRows(): Promise<number> {
  const [sum] = await rows<{ n: string | null }>(
    database.url,
    'select sum(rows) as n from download_files',
  );
  return Number(sum?.n ?? 0);
}

async function endedFiles(): Promise<number> {
  const ended = await rows(database.url, 'select from download_files where ended_at is not null');
  return ended.length;
}

/** At any time: what is stored of a file is what its position says, and nobody sees a file that has not ended. */
async function expectSound(): Promise<void> {
  const wrong = await rows(
    database.url,
    `select f.job, f.rows, count(r.row_no) as stored, max(r.row_no) as last
     from download_files f
     left join download_rows r on r.download_file_id = f.id
     group by f.id
     having count(r.row_no) <> f.rows or coalesce(max(r.row_no), 0) <> f.rows`,
  );
  expect(wrong).toEqual([]);
  const early = await rows(
    database.url,
    `select distinct job from analytics.export_rows e
     where not exists (select from download_files f where f.id = e.download_file_id and f.ended_at is not null)`,
  );
  expect(early).toEqual([]);
}

async function keepTold(daemon: Daemon): Promise<void> {
  const { stdout, stderr } = await daemon.ended;
  told.push(...stdout.split('\n'), ...stderr.split('\n'));
  const { location } = queue;
  if (location.kind === 'redis') {
    told.push(...(await everyKey(location.url, location.prefix ?? 'logferry')));
  }
}

async function kill(daemon: Daemon): Promise<void> {
  daemon.kill('SIGKILL');
  await keepTold(daemon);
}

/** The pages of a daemon, as an operator sees them. */
async function keepPages(daemon: Daemon): Promise<void> {
  const started = daemon.events().find(({ event }) => event === 'daemon_started');
  const { webUrl } = started ?? {};
  if (typeof webUrl !== 'string') throw new Error('the daemon serves no pages');
  const boards = ['walk', 'track', 'download', 'maintain'].map(
    (name) => `/queues/api/queues?activeQueue=${name}&page=1&jobsPerPage=100`,
  );
  for (const path of ['/', '/metrics', ...boards]) {
    const answer = await fetch(`${webUrl}${path}`);
    const page = await answer.text();
    expect([path, answer.status, page.length > 100]).toEqual([path, 200, true]);
    told.push(page);
  }
}

async function expectEveryRowOnce(): Promise<void> {
  for (const name of names) {
    const visible = await visibleRows(database.url, name);
    const truth = trueRows(cloud, name);
    // Compared whole; told apart by the first line that differs, since 50,000 are no message.
    const at = truth.findIndex((line, index) => line !== visible[index]);
    expect([name, visible.length, visible[at], truth[at]]).toEqual([
      ...[name, rowsEach, undefined, undefined],
    ]);
  }
  const files = await rows(
    database.url,
    `select f.job, f.status, f.reason, f.records, f.rejected, f.etag_verified, f.verification, f.compression,
       j.file_status, j.file_error
     from download_files f join download_jobs j on j.id = f.job_id order by f.job`,
  );
  expect(files).toEqual(
    targets
      .map((target) => ({
        ...{ job: nameOf(target), status: 'loaded', reason: null },
        ...{ records: String(rowsEach), rejected: '0', compression: target.compressionType },
        ...{ etag_verified: true, verification: 'md5', file_status: 'loaded', file_error: null },
      }))
      .sort((a, b) => (a.job < b.job ? -1 : 1)),
  );
}

/** The originals, byte by byte. */
async function expectKept(): Promise<void> {
  const kept = await rows<{ job: string; kept_at: string }>(
    database.url,
    'select job, kept_at from download_files',
  );
  for (const { job, kept_at: path } of kept) {
    const original = cloud.project(SCENARIO_PROJECT).file(job);
    expect([path.startsWith(join(work.folder, 'kept', 'exports')), job]).toEqual([true, job]);
    expect([(await readFile(path)).equals(original?.bytes ?? Buffer.of()), job]).toEqual([
      ...[true, job],
    ]);
  }
}

/** What the processes of this machine hold open; nothing where there is no /proc. */
function openFiles(): readonly string[] {
  const listed = (folder: string): readonly string[] => {
    try {
      return readdirSync(folder);
    } catch {
      return []; // ended meanwhile, or somebody else's
    }
  };
  return listed('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) =>
      listed(`/proc/${pid}/fd`).flatMap((fd) => {
        try {
          return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
        } catch {
          return []; // closed meanwhile
        }
      }),
    );
}

async function expectNothingLeft(): Promise<void> {
  expect([await readdir(temporary), seen.size > 0]).toEqual([[], true]);
  expect(secretsIn([...told, ...(await everyTable(database.url))])).toEqual([]);
  const links = cloud
    .project(SCENARIO_PROJECT)
    .jobs()
    .map(({ executionDetails: { filePath = '' } }) => filePath);
  expect(secretsIn(links)).toEqual(links.map(() => expect.stringContaining('Signature=')));
}

describe('a daemon that loads exported files, killed with SIGKILL at random moments', () => {
  beforeAll(() => openWorld(openPostgresServer));
  afterAll(closeWorld);

  it(
    'ends with every row of every file once, and leaves no temporary file and no secret behind',
    async () => {
      for (const share of [0, 0.2, 0.6]) {
        const daemon = work.startDaemon();
        await daemon.says(share === 0 ? 'page_stored' : 'daemon_started');
        await until(async () => (await loadedRows()) >= share * rowsTotal);
        await sleep(randomInt(150));
        await kill(daemon);
        await expectSound();
      }
      const survivor = work.startDaemon();
      await until(async () => (await endedFiles()) === names.length);
      await keepPages(survivor);
      survivor.kill('SIGTERM');
      await keepTold(survivor);
      expect((await survivor.ended).exitCode).toBe(0);
      await expectEveryRowOnce();
      await expectKept();
      await expectNothingLeft();
    },
    testTimeoutMs,
  );
});

await describeBackends('two workers whose queue is emptied in mid-work', (openQueue) => {
  beforeAll(() => openWorld(openQueue));
  afterAll(closeWorld);

  it(
    'share the files, take over those of a worker that is killed, and load each row once',
    async () => {
      const rest = work.startDaemon('--roles', 'scheduler,web');
      const [first, second] = [1, 2].map(() => work.startDaemon('--roles', 'worker'));
      if (first === undefined || second === undefined) throw new Error('two workers are started');
      await until(async () => (await loadedRows()) > 0.2 * rowsTotal);
      await kill(first);
      await expectSound();
      await queue.wipe?.();
      const third = work.startDaemon('--roles', 'worker');
      await until(async () => (await endedFiles()) === names.length);
      await keepPages(rest);
      for (const daemon of [rest, second, third]) {
        daemon.kill('SIGTERM');
        await keepTold(daemon);
        expect((await daemon.ended).exitCode).toBe(0);
      }
      await expectEveryRowOnce();
      await expectKept();
      await expectNothingLeft();
    },
    testTimeoutMs,
  );
});
