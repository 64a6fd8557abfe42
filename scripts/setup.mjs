/**
 * Makes a checkout ready, doing only what is missing: installs the locked packages, then builds.
 * Called by `npm run demo`, `npm test` and the others, so that they work straight after `git clone`.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const say = (line) => process.stderr.write(`${line}\n`);

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  say(
    `LogFerry needs Node.js 20.19 or newer; this is ${process.version}. Install a newer Node.js.`,
  );
  process.exit(2);
}

function run(what, command, args, env = {}) {
  const started = process.hrtime.bigint();
  const result = spawnSync(command, args, {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
    encoding: 'utf8',
    env: { ...process.env, ...env },
    shell: process.platform === 'win32',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (result.status !== 0) {
    say(`${result.stdout ?? ''}${result.stderr ?? ''}`);
    say(`${what} failed (${command} ${args.join(' ')}); the lines above say why.`);
    process.exit(result.status ?? 130);
  }
  return Number((process.hrtime.bigint() - started) / 1_000_000n) / 1000;
}

const mark = join(root, 'node_modules', '.cache', 'logferry-installed');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(`${process.version} ${process.platform} ${process.arch}`)
  .digest('hex');
if (!existsSync(mark) || readFileSync(mark, 'utf8') !== wanted) {
  say('Installing packages from the lock file (about half a minute, once) ...');
  const seconds = run('Installing', 'npm', ['ci', '--no-progress', '--loglevel=error']);
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, wanted);
  say(`Installed in ${seconds.toFixed(0)} s.`);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}

const built = join(root, 'dist', '.built');
const sources = ['src', 'workers', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json'];
const changed = Math.max(...sources.map((name) => newest(join(root, name))));
if (!existsSync(built) || statSync(built).mtimeMs < changed) {
  say('Building ...');
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  const seconds = run('Building', process.execPath, [
    join('node_modules', 'typescript', 'bin', 'tsc'),
    '-p',
    'tsconfig.build.json',
  ]);
  writeFileSync(built, '');
  say(`Built in ${seconds.toFixed(0)} s.`);
}
