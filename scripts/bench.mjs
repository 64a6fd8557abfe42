/**
 * `npm run bench`: 100,000 download jobs from the simulator (a process of its own) through `logferry sync` (another one) into
 * an embedded PostgreSQL. Prints rows/s, peak RSS of the sync process, and the ratio to a plain COPY of the same rows into
 * the same table. Then 999,000 rows of SQL logs (bench/logs.mjs), a log archive of 1,000,000 lines (bench/archives.mjs) and
 * exported files of 200,000 rows (bench/exports.mjs). Medians of three runs; the machine's noise shows in the spread. Options:
 * --jobs N, --runs N, --page N, --logs N, --lines N, --rows N; 0 leaves a part out. --mebibytes 1024 loads one file of that
 * size too, which takes some minutes.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { aliyunConfig } from './bench/aliyunConfig.mjs';
import { benchArchives } from './bench/archives.mjs';
import { benchExports } from './bench/exports.mjs';
import { benchLogs } from './bench/logs.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const built = (path) => import(pathToFileURL(join(root, 'dist', 'src', path)).href);
const program = join(root, 'dist', 'src', 'cli', 'main.js');
const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '100000' },
    runs: { type: 'string', default: '3' },
    page: { type: 'string', default: '500' },
    // One less than a limit of 1,000,000 can hold: an answer that fills its limit is asked for again in halves.
    logs: { type: 'string', default: '999000' },
    lines: { type: 'string', default: '1000000' },
    rows: { type: 'string', default: '200000' },
    mebibytes: { type: 'string', default: '0' },
  },
});
const jobs = Number(values.jobs);
const runs = Number(values.runs);

const { acquireEmbeddedPostgres } = await built('embedded/postgres.js');
const { createFreshDatabase } = await built('sinks/postgres/probe.js');
const { migrate } = await built('sinks/postgres/migrate.js');

const folder = mkdtempSync(join(tmpdir(), 'logferry-bench-'));
chmodSync(folder, 0o755);
const stop = new AbortController();
process.once('SIGINT', () => stop.abort());
const undo = [() => rmSync(folder, { recursive: true, force: true })];

try {
  const log = { info: () => undefined };
  const server = await acquireEmbeddedPostgres(
    { directory: folder, host: process, log },
    stop.signal,
  );
  undo.unshift(() => server.release());
  const simulator = await startSimulator(['--jobs', String(jobs)]);
  undo.unshift(() => simulator.stop());
  writeFileSync(join(folder, 'logferry.yaml'), configFor(simulator.url), { mode: 0o600 });

  const newDatabase = async () => {
    const url = await createFreshDatabase(server.url, 'bench');
    // As in production, `migrate` runs before: the schema engine's memory is its own.
    await migrate({ url });
    return url;
  };
  const measured = [];
  for (let run = 1; jobs > 0 && run <= runs && !stop.signal.aborted; run++) {
    const url = await newDatabase();
    const first = await syncJobs(url);
    const again = await syncJobs(url);
    const copyRate = await copyFloor(url, 'download_jobs', jobs);
    measured.push({ first, again, copyRate });
    say(
      `run ${run}: ${rate(first.rate)} rows/s new, ${rate(again.rate)} rows/s nothing new, ` +
        `COPY ${rate(copyRate)} rows/s, peak RSS ${megabytes(first.rssBytes)} MB`,
    );
  }
  if (measured.length > 0) reportJobs(measured);
  const tools = { built, folder, newDatabase, sync, copyFloor, say, rate, megabytes, median };
  if (Number(values.logs) > 0) {
    await benchLogs({ ...tools, startSimulator }, { rows: Number(values.logs), runs });
  }
  if (Number(values.lines) > 0) {
    await benchArchives(tools, { lines: Number(values.lines), runs });
  }
  const exports = { rows: Number(values.rows), mebibytes: Number(values.mebibytes) };
  await benchExports({ ...tools, spawnSimulator }, { ...exports, runs });
} finally {
  for (const step of undo) await step();
}

function reportJobs(measured) {
  const by = (pick) => median(measured.map(pick));
  say('');
  say(`medians of ${measured.length} runs, ${jobs} jobs, pages of ${values.page}:`);
  say(`  walk, all rows new      ${rate(by((m) => m.first.rate))} rows/s`);
  say(`  walk, nothing new       ${rate(by((m) => m.again.rate))} rows/s`);
  say(`  peak RSS of sync        ${megabytes(by((m) => m.first.rssBytes))} MB`);
  say(`  COPY of the same rows   ${rate(by((m) => m.copyRate))} rows/s`);
  say(`  ratio walk to COPY      ${by((m) => m.first.rate / m.copyRate).toFixed(2)}`);
}

function say(line) {
  process.stdout.write(`${line}\n`);
}

async function startSimulator(options) {
  return spawnSimulator([program, 'simulate', ...options]);
}

/** A process of its own that prints its address. */
async function spawnSimulator(args) {
  const child = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  for (;;) {
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    if (url !== undefined) return { url, stop };
    if (child.exitCode !== null) throw new Error('the simulator has ended');
    await sleep(50);
  }
}

function configFor(url) {
  return aliyunConfig(
    url,
    `exports: { source: aliyun.sls.download_jobs, account: simulated, project: big-game, schedule: "* * * * *", pageSize: ${values.page} }`,
  );
}

async function syncJobs(databaseUrl) {
  const { walk, rssBytes } = await sync(databaseUrl, folder);
  if (walk.outcome !== 'complete') throw new Error(`the walk is ${walk.outcome}: ${walk.reason}`);
  if (walk.counts.entriesSeen !== jobs) throw new Error(`${walk.counts.entriesSeen} entries seen`);
  return { rate: (walk.counts.entriesSeen / walk.durationMs) * 1000, rssBytes };
}

/** Runs `logferry sync` in a folder with a logferry.yaml: its first walk, the most memory and the processor time it took. */
async function sync(databaseUrl, place, options = []) {
  const child = spawn(process.execPath, [program, 'sync', '--json', ...options], {
    cwd: place,
    env: { ...process.env, DATABASE_URL: databaseUrl },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const ended = once(child, 'close');
  let [rssBytes, cpuSeconds] = [0, 0];
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    rssBytes = Math.max(rssBytes, peakRssOf(child.pid));
    cpuSeconds = Math.max(cpuSeconds, cpuSecondsOf(child.pid));
    await Promise.race([ended, sleep(20)]);
  }
  const [walk] = JSON.parse(text).walks;
  return { walk, rssBytes, cpuSeconds };
}

/** The kernel's own high-water mark; 0 where there is no /proc. */
function peakRssOf(pid) {
  try {
    return (
      Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
    );
  } catch {
    return 0;
  }
}

/** In user and kernel mode, all threads, as 10 ms ticks; 0 where there is no /proc. */
function cpuSecondsOf(pid) {
  try {
    const [, ...fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = fields.join(') ').split(' ').slice(11, 13);
    return (Number(user) + Number(system)) / 100;
  } catch {
    return 0;
  }
}

/** Rows per second of one COPY of the stored rows into an empty table with the same columns, indexes and constraints. */
async function copyFloor(databaseUrl, table, rows) {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const chunks = [];
    for await (const chunk of client.query(copyTo(`copy (select * from ${table}) to stdout`)))
      chunks.push(chunk);
    await client.query(`create table copy_floor (like ${table} including all)`);
    const started = performance.now();
    const into = client.query(copyFrom('copy copy_floor from stdin'));
    for (const chunk of chunks) if (!into.write(chunk)) await once(into, 'drain');
    into.end();
    await once(into, 'finish');
    return (rows / (performance.now() - started)) * 1000;
  } finally {
    await client.end();
  }
}

function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function rate(perSecond) {
  return Math.round(perSecond).toLocaleString('en');
}

function megabytes(bytes) {
  return Math.round(bytes / 1e6);
}
