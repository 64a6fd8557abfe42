#!/usr/bin/env node
import { createRequire } from 'node:module';
import { setFlagsFromString } from 'node:v8';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { pino } from 'pino';
import { EXPORT_COMPRESSIONS, EXPORT_FORMATS } from '../domain/exportOrder.ts';
import { EXIT, type CommonOptions, type ExitCode, type Shell } from './command.ts';
import { failureOf } from './failure.ts';
import type { ExportCommandOptions } from './exportOptions.ts';
import { Stopped } from './stopped.ts';
import type { SyncOptions } from './sync.ts';

/**
 * The `logferry` command. Each command's module is loaded when it is called, so that `sync` does not pay for the dashboard.
 * The first SIGINT or SIGTERM asks the command to end in order, the second ends the process at once.
 */
const program = new Command('logferry')
  .description(
    'Keeps a Postgres database in step with the job and log listings of Alibaba Cloud and Huawei Cloud,\n' +
      'and proves every walk complete or says that it is not.',
  )
  .version(versionOf())
  .showHelpAfterError('(logferry --help lists the commands)')
  .configureHelp({ sortSubcommands: false })
  .exitOverride()
  .addHelpText(
    'after',
    '\nExit codes: 0 done, 1 failed, 2 usage or configuration error, 3 finished but something is incomplete.',
  );

// Pages are garbage a moment after they are stored. By default V8 lets a heap of 30 MB grow to 140 MB of it before it looks;
// this keeps a walk over 100,000 jobs at 180 MB of RSS instead of 250 MB, for 5 % of time (Node 20).
setFlagsFromString('--heap-growing-percent=100');

const stopping = new AbortController();
const shell: Shell = {
  out: (line) => process.stdout.write(`${line}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
  isTerminal: process.stderr.isTTY,
  env: process.env,
  directory: process.cwd(),
  host: process,
  signal: stopping.signal,
  log: (level) =>
    pino(
      { level, base: null, timestamp: pino.stdTimeFunctions.isoTime },
      pino.destination({ fd: 2, sync: true }),
    ),
};

function command(name: string, description: string): Command {
  return program
    .command(name)
    .description(description)
    .exitOverride()
    .option('-c, --config <file>', 'configuration file', 'logferry.yaml');
}

const json = new Option('--json', 'machine-readable output on stdout; logs go to stderr').default(
  false,
);

program
  .command('demo')
  .description('the whole thing on embedded services against the simulator, ending in a summary')
  .option('--keep', 'leave daemon and dashboard running until Ctrl-C', false)
  .action((options: { keep: boolean }) =>
    run(async () => (await import('./demo.ts')).runDemo(options, shell)),
  );

command('init', 'write a commented starter configuration')
  .option('--force', 'replace a file that is there', false)
  .action((options: { config: string; force: boolean }) =>
    run(async () => {
      const { runInit } = await import('./init.ts');
      return exitCodeOf(
        await runInit({ path: options.config, force: options.force, out: shell.out }),
      );
    }),
  );

command(
  'check',
  'test configuration, database, queue, credentials, and one real request per stream',
)
  .argument('[stream...]', 'only these streams')
  .addOption(json)
  .action((streams: string[], options: CommonOptions) =>
    run(async () => (await import('./check.ts')).runCheck(streams, options, shell)),
  );

command('sync', 'one walk of each stream now, in the foreground')
  .argument('[stream...]', 'only these streams')
  .option('--wait', 'also follow unfinished jobs to their end and load their files', false)
  .option('--retry-files', 'with --wait: also load files anew that are incomplete or failed', false)
  .option(
    '--sub-job-id <id>',
    'also fetch the log archive of this sub-job; may be given several times',
    (id: string, ids: readonly string[]) => [...ids, id],
    [] as readonly string[],
  )
  .option('--dry-run', 'ask and prove, but store nothing', false)
  .addOption(json)
  .action((streams: string[], options: SyncOptions) =>
    run(async () => (await import('./sync.ts')).runSync(streams, options, shell)),
  );

command('start', 'the daemon: walks by schedule, tracks jobs, serves the dashboard')
  .option(
    '--roles <roles>',
    'scheduler, worker, web: any of them, separated by commas',
    'scheduler,worker,web',
  )
  .action((options: { config: string; roles: string }) =>
    run(async () => (await import('./start.ts')).runStart(options, shell)),
  );

command(
  'status',
  'per stream: last complete walk, freshness, entries, open jobs, files, incomplete walks, rejected entries',
)
  .argument('[stream...]', 'only these streams')
  .addOption(json)
  .action((streams: string[], options: CommonOptions) =>
    run(async () => (await import('./status.ts')).runStatus(streams, options, shell)),
  );

command('backfill', 'a range of time of a stream of SQL logs, beside the live walks; resumable')
  .argument('<stream>', 'the stream')
  .requiredOption('--from <time>', 'begin: 2026-11-01T00:00:00Z, or a day')
  .requiredOption('--to <time>', 'end, not included')
  .addOption(json)
  .action((stream: string, options: CommonOptions & { from: string; to: string }) =>
    run(async () => (await import('./backfill.ts')).runBackfill(stream, options, shell)),
  );

command(
  'export',
  'order a download job (CreateDownloadJob) through a stream; --wait follows and loads it',
)
  .argument('<stream>', 'a stream of download jobs')
  .option('--logstore <name>', 'the Logstore to export')
  .option('--query <text>', 'which logs: a query or a SQL statement')
  .option('--from <time>', 'begin: 2026-11-01T00:00:00Z, or a day')
  .option('--to <time>', 'end, not included')
  .option(
    '--name <name>',
    'name of the job; the same order again goes on with it. Left out: a new one',
  )
  .addOption(
    new Option('--format <format>', 'format of the file').choices(EXPORT_FORMATS).default('csv'),
  )
  .addOption(
    new Option('--compression <kind>', 'how the file is packed')
      .choices(EXPORT_COMPRESSIONS)
      .default('gzip'),
  )
  .option('--power-sql', 'use Dedicated SQL, billed by CPU time', false)
  .option('--allow-incomplete', 'take a file also of an incomplete result', false)
  .option('--role-arn <arn>', 'RAM role that the service writes the file with')
  .option('--bucket <name>', 'bucket that the service writes the file to')
  .option('--prefix <path>', 'path in the bucket')
  .option('--again <name>', 'order this one, which failed or was refused, once more')
  .option('--wait', 'follow the job to its end and load its file', false)
  .addOption(json)
  .action((stream: string, options: ExportCommandOptions) =>
    run(async () => (await import('./export.ts')).runExport(stream, options, shell)),
  );

command('migrate', 'apply pending migrations')
  .addOption(json)
  .action((options: CommonOptions) =>
    run(async () => (await import('./migrate.ts')).runMigrate(options, shell)),
  );

program
  .command('simulate')
  .description('run the cloud simulator alone, for trying things without an account')
  .option('--port <port>', 'TCP port on 127.0.0.1; 0 takes a free one', portOf, 0)
  .option(
    '--jobs <count>',
    'a project with this many finished jobs instead of the small moving world',
    countOf,
  )
  .option('--logs <count>', 'a Logstore with this many log entries, likewise', countOf)
  .option(
    '--exports <count>',
    'this many finished jobs with real files of 1,000 rows, likewise',
    countOf,
  )
  .action((options: { port: number; jobs?: number; logs?: number; exports?: number }) =>
    run(async () => {
      const { runSimulate } = await import('./simulate.ts');
      const { port, jobs = null, logs = null, exports = null } = options;
      return runSimulate({ port, jobs, logs, exports }, shell);
    }),
  );

program
  .command('schema')
  .description('print the JSON Schema of logferry.yaml')
  .action(() =>
    run(async () => {
      const [{ runSchema }, { sources }] = await Promise.all([
        import('./schema.ts'),
        import('../sources/registry.ts'),
      ]);
      return exitCodeOf(runSchema({ sources, out: shell.out }));
    }),
  );

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143);
    stopping.abort(new DOMException(`stopped by ${signal}`, 'AbortError'));
  });
}
// `logferry status | head` is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  process.exitCode = error.exitCode === 0 ? EXIT.done : EXIT.usage;
}
// Everything is closed and written; only timers of libraries (a Redis client's, for 2 s) would still hold the process.
process.exit();

async function run(work: () => Promise<ExitCode>): Promise<void> {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (stopping.signal.aborted) {
      const left = error instanceof Stopped ? error.message : 'the next walk goes on from there';
      shell.note(`logferry: stopped; what was stored is kept, ${left}`);
      process.exitCode = 130;
      return;
    }
    const { exitCode, lines } = failureOf(error);
    lines.forEach((line) => {
      shell.note(line);
    });
    process.exitCode = exitCode;
  }
}

function exitCodeOf(code: number): ExitCode {
  return Object.values(EXIT).find((known) => known === code) ?? EXIT.failed;
}

function portOf(text: string): number {
  const port = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(port <= 65_535)) throw new InvalidArgumentError('a port is a number from 0 to 65535.');
  return port;
}

function countOf(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (!(count <= 10_000_000))
    throw new InvalidArgumentError('a count is a number from 0 to 10000000.');
  return count;
}

function versionOf(): string {
  const require = createRequire(import.meta.url);
  const found = ['../../package.json', '../../../package.json'].flatMap((path) => {
    try {
      return [require(path) as unknown];
    } catch {
      return [];
    }
  });
  const [manifest] = found;
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}
