/**
 * Regenerates src/sinks/postgres/generated from prisma/schema.prisma.
 * `--check` writes nothing and fails when the committed client is not what the schema generates.
 * Needs the npm registry once (it installs the pinned CLI beside itself), and no engine download.
 */
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const tool = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../', import.meta.url));
const committed = join(root, 'src/sinks/postgres/generated');
// Any existing file will do: without it the CLI tries to download a schema engine, which `prisma generate` never runs.
const env = {
  ...process.env,
  PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
  PRISMA_HIDE_UPDATE_MESSAGE: '1',
};

function run(command, args) {
  const done = spawnSync(command, args, { cwd: tool, env, encoding: 'utf8' });
  if (done.status !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} failed:\n${done.stdout}${done.stderr}${done.error ?? ''}`,
    );
  }
}

/** Generates in a scratch folder of the same layout, so that a failure leaves the committed client alone. */
function generate() {
  const scratch = mkdtempSync(join(tmpdir(), 'logferry-prisma-'));
  try {
    const schema = join(scratch, 'prisma/schema.prisma');
    mkdirSync(dirname(schema));
    copyFileSync(join(root, 'prisma/schema.prisma'), schema);
    run(process.execPath, [
      join(tool, 'node_modules/prisma/build/index.js'),
      'generate',
      '--schema',
      schema,
    ]);
    return filesOf(join(scratch, 'src/sinks/postgres/generated'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function filesOf(folder) {
  if (!existsSync(folder)) return new Map();
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return new Map(
    entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  );
}

if (!existsSync(join(tool, 'node_modules/prisma'))) run('npm', ['ci']);
const fresh = generate();
if (process.argv.includes('--check')) {
  const present = filesOf(committed);
  const differing = [...new Set([...fresh.keys(), ...present.keys()])].filter(
    (path) => fresh.get(path) !== present.get(path),
  );
  if (differing.length > 0) {
    console.error(
      `the generated Prisma client differs from prisma/schema.prisma: ${differing.join(', ')}`,
    );
    console.error('run: node tools/prisma/generate.mjs, and commit the result');
    process.exitCode = 1;
  }
} else {
  rmSync(committed, { recursive: true, force: true });
  for (const [path, text] of fresh) {
    mkdirSync(dirname(join(committed, path)), { recursive: true });
    writeFileSync(join(committed, path), text);
  }
}
