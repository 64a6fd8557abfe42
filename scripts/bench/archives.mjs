/**
 * The part of `npm run bench` for log archives: one ZIP of many lines, fetched from the simulator, judged, read and stored by
 * `logferry sync` in a process of its own.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const subJob = 'a777ff00d3cf4d369d87066806ae0001';

/**
 * @param tools.built loads a built module by its path below src/
 * @param tools.sync runs `logferry sync --json` in a folder and answers its first walk and peak RSS
 * @param tools.copyFloor rows/s of a plain COPY of a stored table
 */
export async function benchArchives(tools, { lines, runs }) {
  const { built, folder, newDatabase, sync, copyFloor, say, rate, megabytes, median } = tools;
  const { startSimulator } = await built('simulator/server.js');
  const startedAtMs = Date.now() - lines * 40;
  const simulator = await startSimulator({
    seed: 1,
    accounts: [{ accessKeyId: 'simulated-key-id', accessKeySecret: 'simulated-key-secret' }],
    region: 'cn-north-4',
    projects: {},
    huawei: { subJobs: { [subJob]: { kind: 'log', seed: 'bench', lines, startedAtMs } } },
  });
  const place = join(folder, 'archives');
  mkdirSync(place);
  writeFileSync(join(place, 'logferry.yaml'), configFor(simulator.url), { mode: 0o600 });
  try {
    const measured = [];
    for (let run = 1; run <= runs; run++) {
      const url = await newDatabase();
      const { walk, rssBytes } = await sync(url, place);
      if (walk.outcome !== 'complete') throw new Error(`${walk.outcome}: ${walk.reason}`);
      const lineRate = (lines / walk.durationMs) * 1000;
      const copyRate = await copyFloor(url, 'log_file_lines', lines);
      measured.push({ lineRate, rssBytes, copyRate });
      say(
        `archive run ${run}: ${rate(lineRate)} lines/s, COPY ${rate(copyRate)} rows/s, ` +
          `peak RSS ${megabytes(rssBytes)} MB`,
      );
    }
    const by = (pick) => median(measured.map(pick));
    say('');
    say(`medians of ${measured.length} runs, a log archive of ${lines} lines:`);
    say(`  fetch, judge, store     ${rate(by((m) => m.lineRate))} lines/s`);
    say(`  peak RSS of sync        ${megabytes(by((m) => m.rssBytes))} MB`);
    say(`  COPY of the same rows   ${rate(by((m) => m.copyRate))} rows/s`);
    say(`  ratio to COPY           ${by((m) => m.lineRate / m.copyRate).toFixed(2)}`);
  } finally {
    await simulator.close();
  }
}

function configFor(url) {
  return `
database: { url: "\${DATABASE_URL}" }
log: { level: warn }
accounts:
  build:
    provider: huawei
    region: cn-north-4
    credentials: { type: ak_sk, accessKey: simulated-key-id, secretKey: simulated-key-secret }
    endpoints: { codearts_check: "${url}" }
streams:
  checklogs:
    source: huawei.codearts_check.log_files
    account: build
    subJobIds: [${subJob}]
    utcOffset: "+08:00"
    schedule: "* * * * *"
`;
}
