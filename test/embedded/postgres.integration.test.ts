import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { findBinaries } from '../../src/embedded/binaries.ts';
import { commandLineOf } from '../../src/embedded/host.ts';
import type { EmbeddedPostgres } from '../../src/embedded/postgres.ts';
import { acquireEmbeddedPostgres } from '../../src/embedded/postgres.ts';

const never = new AbortController().signal;
const isRoot = process.getuid?.() === 0;
const compiled = fileURLToPath(new URL('../../dist/src/embedded/postgres.js', import.meta.url));

let base: string;
let log: { readonly fields: object; readonly message: string }[] = [];

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), "logferry it's embedded "));
  await chmod(base, 0o755); // for the system user that the server runs as under root
});

afterAll(async () => {
  await rm(base, { recursive: true });
});

async function acquire(directory: string, signal = never): Promise<EmbeddedPostgres> {
  log = [];
  return acquireEmbeddedPostgres(
    {
      directory: join(base, directory),
      host: process,
      log: { info: (fields, message) => log.push({ fields, message }) },
    },
    signal,
  );
}

async function select(url: string, sql: string): Promise<readonly Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function pidOf(directory: string): Promise<number | null> {
  const path = join(base, directory, 'postgres/data/postmaster.pid');
  return readFile(path, 'utf8').then(
    (text) => Number(text.split('\n')[0]),
    () => null,
  );
}

/** Another process that acquires the directory's server and answers its url. Any line on stdin makes it release. */
async function acquireElsewhere(
  directory: string,
): Promise<{ readonly child: ChildProcess; readonly url: string }> {
  const child = startElsewhere(directory);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, url: line.toString().trim() };
}

function startElsewhere(directory: string) {
  const script = `
    import { acquireEmbeddedPostgres } from ${JSON.stringify(compiled)};
    const options = { directory: process.argv[1], host: process, log: { info() {} } };
    const held = await acquireEmbeddedPostgres(options, new AbortController().signal);
    console.log(held.url);
    process.stdin.once('data', async () => { await held.release(); process.exit(0); });`;
  return spawn(process.execPath, ['--input-type=module', '-e', script, join(base, directory)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

async function releaseElsewhere(child: ChildProcess): Promise<void> {
  child.stdin?.write('release\n');
  await once(child, 'exit');
}

describe('embedded PostgreSQL', () => {
  it('keeps its data, port and password from one run to the next, and leaves nothing running', async () => {
    const first = await acquire('kept');
    await select(first.url, 'create table kept (x int)');
    await first.release();
    expect(await pidOf('kept')).toBeNull();
    const second = await acquire('kept');
    expect(second.url).toBe(first.url);
    expect(await select(second.url, 'select * from kept')).toEqual([]);
    await second.release();
    await second.release();
  });

  it('is UTF-8 everywhere, in UTC, with checksums, for this machine only and by password only', async () => {
    const held = await acquire('kept');
    const [settings] = await select(
      held.url,
      `select
         current_setting('server_encoding') as encoding, current_setting('timezone') as timezone,
         current_setting('data_checksums') as checksums, current_setting('listen_addresses') as addresses,
         current_setting('unix_socket_directories') as sockets, lower('ÄÖ') as lower,
         (select array_agg(distinct auth_method) from pg_hba_file_rules) as methods`,
    );
    expect(settings).toEqual({
      ...{
        encoding: 'UTF8',
        timezone: 'UTC',
        checksums: 'on',
        addresses: '127.0.0.1',
        sockets: '',
      },
      ...{ lower: 'äö', methods: ['scram-sha-256'] },
    });
    const { mode } = await stat(join(base, 'kept/postgres/password'));
    expect(mode & 0o777).toBe(0o600);
    await held.release();
  });

  it('never tells its password to the log', async () => {
    const held = await acquire('kept');
    const { password } = new URL(held.url);
    expect(log).toHaveLength(1);
    expect(JSON.stringify(log)).not.toContain(password);
    const server = await readFile(join(base, 'kept/postgres/data/server.log'), 'utf8');
    expect(server).not.toContain(password);
    await held.release();
  });

  it('is one server for all who acquire it, until the last of them releases it', async () => {
    const here = await acquire('shared');
    const again = await acquire('shared');
    const { child, url } = await acquireElsewhere('shared');
    expect([again.url, url]).toEqual([here.url, here.url]);
    await here.release();
    await again.release();
    expect(await select(url, 'select 1 as one')).toEqual([{ one: 1 }]);
    await releaseElsewhere(child);
    expect(await pidOf('shared')).toBeNull();
  });

  it('is one server even when three processes start at the same instant', async () => {
    const others = await Promise.all(['together', 'together', 'together'].map(acquireElsewhere));
    expect(new Set(others.map(({ url }) => url)).size).toBe(1);
    await Promise.all(others.map(({ child }) => releaseElsewhere(child)));
    expect(await pidOf('together')).toBeNull();
  });

  it('that a killed process left running is taken over, and stopped by the one that took it', async () => {
    const { child, url } = await acquireElsewhere('shared');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const pid = await pidOf('shared');
    expect(pid).not.toBeNull();
    const held = await acquire('shared');
    expect([held.url, await pidOf('shared')]).toEqual([url, pid]);
    await held.release();
    expect(await pidOf('shared')).toBeNull();
  });

  it.each([60, 250, 600])(
    'starts after its first start was killed within %i ms',
    async (afterMs) => {
      const directory = `killed-${afterMs}`;
      const child = startElsewhere(directory);
      await sleep(afterMs + 100);
      child.kill('SIGKILL');
      await once(child, 'exit');
      const held = await acquire(directory);
      expect(await select(held.url, 'select 1 as one')).toEqual([{ one: 1 }]);
      await held.release();
    },
  );

  it('starts after a crash of the server, whose pid another program has by now', async () => {
    const first = await acquire('shared');
    const pid = await pidOf('shared');
    const family = await select(first.url, 'select pid from pg_stat_activity');
    process.kill(pid ?? 0, 'SIGKILL');
    const path = join(base, 'shared/postgres/data/postmaster.pid');
    const lines = (await readFile(path, 'utf8')).split('\n');
    // A live program of the same user as the server, as a reused pid would be.
    const other = spawn('sleep', ['60'], isRoot ? { uid: (await stat(path)).uid } : {});
    // The server's other processes notice and end: one that is over but not collected yet has no command line.
    const isOver = (member: (typeof family)[number]) =>
      (commandLineOf(process, Number(member['pid'])) ?? '') === '';
    while (!family.every(isOver)) await sleep(20);
    await writeFile(path, [String(other.pid), ...lines.slice(1)].join('\n'));
    const second = await acquire('shared');
    expect(await select(second.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    other.kill();
    await second.release();
    await first.release();
    expect(await pidOf('shared')).toBeNull();
  });

  it('gives up at once when it is interrupted, and leaves nothing running', async () => {
    const interrupt = new AbortController();
    const acquiring = acquire('interrupted', interrupt.signal);
    const interrupted = expect(acquiring).rejects.toMatchObject({ name: 'AbortError' });
    const home = join(base, 'interrupted/postgres');
    const made = async () => (await readdir(home).catch(() => [])).join(' ');
    while (!(await made()).includes('data.new-')) await sleep(5); // initdb is at work
    interrupt.abort();
    await interrupted;
    expect(await pidOf('interrupted')).toBeNull();
    const held = await acquire('interrupted');
    await held.release();
  });

  it('finds another port when the one it had is taken', async () => {
    const first = await acquire('shared');
    await first.release();
    const { createServer } = await import('node:net');
    const squatter = createServer().listen(Number(new URL(first.url).port), '127.0.0.1');
    await once(squatter, 'listening');
    const second = await acquire('shared');
    expect(second.url).not.toBe(first.url);
    await second.release();
    squatter.close();
  });
});

describe('where embedded PostgreSQL cannot run, one line says why and what to do', () => {
  const failureOf = async (attempt: Promise<unknown>) =>
    attempt.then(
      () => 'no failure',
      (error: unknown) => (error as Error).message,
    );

  it('in a directory that cannot be made', async () => {
    await writeFile(join(base, 'a-file'), '');
    expect(await failureOf(acquire('a-file/.logferry'))).toMatch(
      /^embedded PostgreSQL cannot write to .*: run LogFerry in a directory that you can write to/,
    );
  });

  it('on a platform without programs, and on one whose package is not installed', async () => {
    expect(await failureOf(findBinaries({ platform: 'sunos', arch: 'x64' }))).toMatch(
      /no programs for sunos on x64: set database.url/,
    );
    const foreign = process.platform === 'win32' ? 'darwin' : 'win32';
    expect(await failureOf(findBinaries({ platform: foreign, arch: 'x64' }))).toMatch(
      /-x64 is not installed: run npm ci/,
    );
  });

  it('on the data of another major version', async () => {
    const data = join(base, 'old/postgres/data');
    await mkdir(data, { recursive: true });
    await writeFile(join(data, 'PG_VERSION'), '12\n');
    expect(await failureOf(acquire('old'))).toMatch(
      /was made by PostgreSQL 12 and this is \d+: remove it/,
    );
  });
});

(isRoot ? describe : describe.skip)('run by root', () => {
  it('in a directory that only root can enter, lives in /var/tmp and says so', async () => {
    const closed = join(base, 'closed');
    await mkdir(closed, { mode: 0o700 });
    const held = await acquire('closed/.logferry');
    expect(await select(held.url, 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(log[0]).toMatchObject({ fields: { event: 'embedded_postgres_apart' } });
    await held.release();
    const again = await acquire('closed/.logferry');
    expect(again.url).toBe(held.url);
    await again.release();
    const { folder } = log[0]?.fields as { readonly folder: string };
    expect(folder).toMatch(/^\/var\/tmp\/logferry-[0-9a-f]{16}$/);
    await rm(folder, { recursive: true });
  });
});
