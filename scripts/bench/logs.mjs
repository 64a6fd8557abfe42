/**
 * The part of `npm run bench` for SQL logs: one answer of many rows, made by the simulator in a process of its own, streamed
 * through `logferry sync` in another one.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { aliyunConfig } from './aliyunConfig.mjs';

/**
 * @param tools.startSimulator starts `logferry simulate` with these options
 * @param tools.sync runs `logferry sync --json` in a folder and answers its first walk and peak RSS
 * @param tools.copyFloor rows/s of a plain COPY of a stored table
 */
export async function benchLogs(tools, { rows, runs }) {
  const { folder, newDatabase, sync, copyFloor, say, rate, megabytes, median } = tools;
  const simulator = await tools.startSimulator(['--logs', String(rows)]);
  const place = join(folder, 'logs');
  mkdirSync(place);
  writeFileSync(join(place, 'logferry.yaml'), configFor(simulator.url, rows), { mode: 0o600 });
  try {
    const measured = [];
    for (let run = 1; run <= runs; run++) {
      const url = await newDatabase();
      const { walk, rssBytes } = await sync(url, place);
      if (walk.outcome !== 'complete') throw new Error(`${walk.outcome}: ${walk.reason}`);
      const rowRate = (walk.counts.inserted / walk.durationMs) * 1000;
      const copyRate = await copyFloor(url, 'project_logs', walk.counts.inserted);
      measured.push({ rowRate, rssBytes, copyRate });
      say(
        `log run ${run}: ${rate(rowRate)} rows/s, COPY ${rate(copyRate)} rows/s, ` +
          `peak RSS ${megabytes(rssBytes)} MB`,
      );
    }
    const by = (pick) => median(measured.map(pick));
    say('');
    say(`medians of ${measured.length} runs, SQL answers of ${rows} rows:`);
    say(`  ask, stream, store      ${rate(by((m) => m.rowRate))} rows/s`);
    say(`  peak RSS of sync        ${megabytes(by((m) => m.rssBytes))} MB`);
    say(`  COPY of the same rows   ${rate(by((m) => m.copyRate))} rows/s`);
    say(`  ratio to COPY           ${by((m) => m.rowRate / m.copyRate).toFixed(2)}`);
  } finally {
    await simulator.stop();
  }
}

/** Two windows, whatever the hour: the logs end an hour ago, 1,000 in a second. */
function configFor(url, rows) {
  const start = new Date(Date.now() - (3_700 + rows / 1_000) * 1_000).toISOString();
  return aliyunConfig(
    url,
    `logs: { source: aliyun.sls.project_logs, account: simulated, project: big-game, logstore: app_log, start: "${start}", window: 1d, lookback: 0s, limit: 1000000, concurrency: 1, schedule: "* * * * *" }`,
  );
}
