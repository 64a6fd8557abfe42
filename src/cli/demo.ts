import { readFile, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { acquireEmbeddedPostgres } from '../embedded/postgres.ts';
import { openPool } from '../sinks/postgres/pool.ts';
import { createFreshDatabase, queryAsAnalyst } from '../sinks/postgres/probe.ts';
import { openPostgresSink } from '../sinks/postgres/sink.ts';
import { migrate } from '../sinks/postgres/migrate.ts';
import { demoExecutions } from '../simulator/oos/demoExecutions.ts';
import { DEMO_ERRORS, demoScenario, SCENARIO_PROJECT } from '../simulator/scenario.ts';
import { startSimulator } from '../simulator/server.ts';
import { EXIT, type ExitCode, type Shell } from './command.ts';
import { findFreePort, runBeside, startDemoDaemon } from './demoDaemon.ts';
import { DEMO_ORDER, demoOrder } from './demoOrder.ts';
import { demoQueries } from './demoQueries.ts';
import { demoTimeoutMs, summariseDemo, watchDemo, type ExpectedStream } from './demoWatch.ts';
import { simulatorConfig } from './simulate.ts';
import { tableLines } from './table.ts';

export interface DemoOptions {
  /** Leaves daemon and dashboard running until Ctrl-C. */
  readonly keep: boolean;
}

/** Undoes in the reverse order of doing, everything, also when one of them fails. */
class Cleanup {
  readonly #steps: (() => Promise<void>)[] = [];

  add(step: () => Promise<void>): void {
    this.#steps.unshift(step);
  }

  async run(): Promise<void> {
    const failures: unknown[] = [];
    for (const step of this.#steps) await step().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the demo could not clean up');
  }
}

/**
 * `logferry demo`: embedded PostgreSQL, the cloud simulator and the real daemon, until every job of the simulated cloud is
 * found, followed and finished; then what the tables hold.
 */
export async function runDemo(options: DemoOptions, shell: Shell): Promise<ExitCode> {
  const cleanup = new Cleanup();
  try {
    return await demonstrate(options, shell, cleanup);
  } finally {
    await cleanup.run();
  }
}

async function demonstrate(
  { keep }: DemoOptions,
  shell: Shell,
  cleanup: Cleanup,
): Promise<ExitCode> {
  const folder = join(shell.directory, '.logferry', 'demo');
  const log = shell.log('warn');
  shell.note(
    'LogFerry demo: a simulated cloud, a real daemon, a real PostgreSQL. Nothing leaves this machine.',
  );
  // Before anything else is written: it makes the folder, and says what to do where it cannot.
  const server = await acquireEmbeddedPostgres(
    { directory: folder, host: shell.host, log },
    shell.signal,
  );
  cleanup.add(() => server.release());
  const databaseUrl = await createFreshDatabase(server.url, 'demo');
  await migrate({ url: databaseUrl });
  const pool = openPool(databaseUrl, { max: 2, onIdleError: () => undefined });
  const sink = openPostgresSink({ pool, url: databaseUrl });
  cleanup.add(async () => {
    await sink.close();
    await pool.end();
  });
  shell.note('  embedded PostgreSQL is up');

  const churn = { createsPerSecond: 0.3, deletesPerSecond: 0.15 };
  const nowMs = Date.now();
  const scenario = demoScenario(keep ? { nowMs, churn } : { nowMs });
  const expected: readonly ExpectedStream[] = [
    {
      name: 'exports',
      // And the one that the demo orders.
      entries: (scenario.projects[SCENARIO_PROJECT]?.jobs?.length ?? 0) + 1,
      areJobs: true,
    },
    { name: 'trail', entries: scenario.trail?.jobs?.length ?? 0, areJobs: true },
    {
      name: 'checklogs',
      entries: Object.keys(scenario.huawei?.subJobs ?? {}).length,
      areJobs: false,
    },
    {
      name: 'runbooks',
      entries: demoExecutions(nowMs).reduce((sum, { logs }) => sum + logs.length, 0),
      areJobs: false,
    },
    { name: 'errors', entries: DEMO_ERRORS, areJobs: false },
  ];
  const simulator = await startSimulator(scenario);
  cleanup.add(() => simulator.close());
  shell.note(`  the simulated cloud answers on ${simulator.url}`);

  const webPort = await findFreePort();
  const configFile = join(folder, 'logferry.yaml');
  await writeFile(configFile, demoConfig(simulator.url, webPort), { mode: 0o600 });
  const logFile = join(folder, 'daemon.log');
  const child = {
    program: fileURLToPath(new URL('./main.js', import.meta.url)),
    logFile,
    env: { ...shell.env, DATABASE_URL: databaseUrl, REDIS_URL: '' },
  };
  const daemon = startDemoDaemon({ ...child, configFile });
  cleanup.add(() => daemon.stop());
  shell.note(`  the daemon walks everything every 2 s; its log: ${logFile}`);
  shell.note(`  dashboard: http://127.0.0.1:${webPort}/`);
  const order = demoOrder(nowMs);
  shell.note('  an export of the errors is ordered, as you would by hand:');
  shell.note(`    ${order.commandLine}`);
  shell.note('');
  const ordering = { ...child, arguments: [...order.arguments, '--config', configFile] };
  await runBeside(ordering, shell.signal);

  const world = { sink, daemon, expected, ordered: { stream: 'exports', name: DEMO_ORDER } };
  const finished = await watchDemo(world, shell);
  if (!finished) {
    const lines = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-8);
    shell.note(
      daemon.isRunning()
        ? `Not everything was found and followed to its end within ${demoTimeoutMs / 1000} s. Last log lines:`
        : 'The daemon has ended before its work was done. Last log lines:',
    );
    lines.forEach((line) => {
      shell.note(line);
    });
    return EXIT.failed;
  }
  await summariseDemo({ sink, expected }, shell);
  await showQueries(databaseUrl, shell);
  if (keep) {
    shell.out('');
    shell.out(
      `The daemon goes on. Status page http://127.0.0.1:${webPort}/  queues http://127.0.0.1:${webPort}/queues`,
    );
    shell.out('Ctrl-C stops everything.');
    await Promise.race([daemon.ended, once(shell.signal, 'abort')]);
    return daemon.isRunning() ? EXIT.done : EXIT.failed;
  }
  shell.out('');
  shell.out(
    'npm run demo -- --keep leaves the daemon and its dashboard running. npm run logferry -- init begins with a real account.',
  );
  return EXIT.done;
}

function demoConfig(simulatorUrl: string, webPort: number): string {
  return simulatorConfig({
    url: simulatorUrl,
    schedule: '*/2 * * * * *',
    nowMs: Date.now(),
    track: '{ pollMin: 300ms, pollMax: 2s }',
    extra: ['database: { url: "${DATABASE_URL}" }', `web: { host: 127.0.0.1, port: ${webPort} }`],
  });
}

/** The queries to try, each with its real answer. */
async function showQueries(databaseUrl: string, shell: Shell): Promise<void> {
  for (const { title, sql } of demoQueries) {
    shell.out('');
    shell.out(`-- ${title}`);
    sql.split('\n').forEach((line) => {
      shell.out(line);
    });
    const answer = await queryAsAnalyst(databaseUrl, sql);
    tableLines(answer.columns, answer.rows).forEach((line) => {
      shell.out(`  ${line}`);
    });
  }
}
