/**
 * The part of `npm run bench` for exported files: the file of one finished job, served by the simulator in a process of its own,
 * fetched, verified and loaded by `logferry sync --wait` in another one. The time is that between the moment the file was wanted and
 * the end of its loading, as the database has them.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { aliyunConfig } from './aliyunConfig.mjs';

const forms = [
  { contentType: 'csv', compressionType: 'none' },
  { contentType: 'csv', compressionType: 'gzip' },
  { contentType: 'json', compressionType: 'none' },
  { contentType: 'json', compressionType: 'gzip' },
];
const rssBytesMax = 250e6;
/** Known to every store as no checksum: a large file is not read through to find one. */
const large = { contentType: 'csv', compressionType: 'none', unknownEtags: true };

/**
 * @param tools.built loads a built module by its path below src/
 * @param tools.spawnSimulator starts a script that prints its address
 * @param tools.sync runs `logferry sync --json` in a folder and answers what it printed, its peak RSS and CPU time
 * @param tools.copyFloor rows/s of a plain COPY of a stored table
 */
export async function benchExports(tools, { rows, runs, mebibytes }) {
  const { built, say } = tools;
  const { madeText } = await built('simulator/oss/madeEntries.js');
  const unpackedBytes = (rowCount, { contentType }) =>
    madeText({ madeRows: rowCount, fromS: 1_700_000_000, perSecond: 1_000 }, contentType).bytes;
  for (const form of rows > 0 ? forms : []) {
    const bytes = unpackedBytes(rows, form);
    await benchForm(tools, { form, rows, bytes, runs });
  }
  if (mebibytes > 0) {
    const sample = 100_000;
    const wanted = Math.ceil((mebibytes * 1024 * 1024 * sample) / unpackedBytes(sample, large));
    const bytes = unpackedBytes(wanted, large);
    const rssBytes = await benchForm(tools, { form: large, rows: wanted, bytes, runs: 1 });
    if (rssBytes >= rssBytesMax) throw new Error('the large file takes more than 250 MB of memory');
    say(`  less than               ${rssBytesMax / 1e6} MB, whatever the size of the file`);
  }
}

/** @returns the peak RSS in the median */
async function benchForm(tools, { form, rows, bytes, runs }) {
  const { folder, newDatabase, spawnSimulator, copyFloor, say, rate, megabytes, median } = tools;
  const name = `${form.contentType}-${form.compressionType}-${rows}`;
  const cloud = join(import.meta.dirname, 'exportCloud.mjs');
  const simulator = await spawnSimulator([cloud, JSON.stringify({ ...form, rows })]);
  const place = join(folder, name);
  mkdirSync(place);
  writeFileSync(join(place, 'logferry.yaml'), configFor(simulator.url), { mode: 0o600 });
  try {
    const measured = [];
    for (let run = 1; run <= runs; run++) {
      const url = await newDatabase();
      const loaded = await load(tools, { url, place, rows });
      const copyRate = await copyFloor(url, 'download_rows', rows);
      measured.push({ ...loaded, copyRate });
      say(
        `${name} run ${run}: ${rate(loaded.rowRate)} rows/s, CPU ${loaded.cpuSeconds.toFixed(1)} s, ` +
          `COPY ${rate(copyRate)} rows/s, peak RSS ${megabytes(loaded.rssBytes)} MB`,
      );
    }
    const by = (pick) => median(measured.map(pick));
    const bytesOf = (rowRate) => `${rate((rowRate * bytes) / rows / 1e6)} MB/s`;
    const what = `${form.contentType}, ${form.compressionType}`;
    say('');
    say(
      `medians of ${measured.length} runs, ${what}, ${rows} rows, ${megabytes(bytes)} MB unpacked:`,
    );
    for (const [label, pick] of [
      ['fetch, verify, load     ', (m) => m.rowRate],
      ['load alone              ', (m) => m.loadRate],
      ['COPY of the same rows   ', (m) => m.copyRate],
    ]) {
      say(`  ${label}${rate(by(pick))} rows/s, ${bytesOf(by(pick))}`);
    }
    say(`  ratio to COPY           ${by((m) => m.rowRate / m.copyRate).toFixed(2)}`);
    say(`  CPU time of sync        ${by((m) => m.cpuSeconds).toFixed(1)} s`);
    say(`  peak RSS of sync        ${megabytes(by((m) => m.rssBytes))} MB`);
    return by((m) => m.rssBytes);
  } finally {
    await simulator.stop();
  }
}

async function load({ sync }, { url, place, rows }) {
  const { rssBytes, cpuSeconds } = await sync(url, place, ['--wait']);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows: files } = await client.query(
      `select f.status, f.reason, (select count(*) from download_rows)::int as stored,
         extract(epoch from f.ended_at - f.wanted_at)::float8 as seconds,
         extract(epoch from f.ended_at - f.downloaded_at)::float8 as load_seconds
       from download_files f`,
    );
    const [file] = files;
    if (file?.status !== 'loaded') throw new Error(`the file is ${file?.status}: ${file?.reason}`);
    if (file.stored !== rows) throw new Error(`${file.stored} rows are stored`);
    const rates = { rowRate: rows / file.seconds, loadRate: rows / file.load_seconds };
    return { ...rates, rssBytes, cpuSeconds };
  } finally {
    await client.end();
  }
}

function configFor(url) {
  return aliyunConfig(
    url,
    'exports: { source: aliyun.sls.download_jobs, account: simulated, project: big-game, schedule: "* * * * *", download: true }',
    'downloads: { allowedHosts: ["127.0.0.1"] }',
  );
}
