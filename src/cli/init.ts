import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';
import { starterYaml } from '../config/starter.ts';
import { errorCodeOf } from '../domain/errorCode.ts';
import { EXIT, type ExitCode } from './command.ts';
import { UsageError } from './usageError.ts';

/** Shown first to whoever has a fresh file. */
const nextSteps = [
  'Next:',
  '  1. Set region and project in it, and give it credentials (the comments say how).',
  '  2. logferry check    tests the database, the queue, the credentials and one request per stream.',
  '  3. logferry start    runs the daemon; logferry sync makes one walk now.',
] as const;

/**
 * `logferry init`: writes the starter file at `path`, readable by its owner only. A file that is there stays, unless `force`
 * is set; then it is replaced in one step, keeping the old one when that fails.
 * @throws UsageError when the file is there already or its place cannot be written to
 */
export async function runInit(args: {
  readonly path: string;
  readonly force: boolean;
  readonly out: (line: string) => void;
}): Promise<ExitCode> {
  const { path, force, out } = args;
  try {
    await (force ? replaceFile(path) : writeFile(path, starterYaml, { mode: 0o600, flag: 'wx' }));
  } catch (error) {
    const failure = FAILURES.get(errorCodeOf(error) ?? '');
    throw failure === undefined ? error : new UsageError(`${path}: ${failure}`);
  }
  out(`Wrote ${path}.`);
  nextSteps.forEach(out);
  return EXIT.done;
}

/** Writes beside the file and renames, so that a failure leaves the old file whole. */
async function replaceFile(path: string): Promise<void> {
  const beside = `${path}.${randomUUID()}.tmp`;
  try {
    await writeFile(beside, starterYaml, { mode: 0o600, flag: 'wx' });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}

const UNWRITABLE = 'choose a directory that this user may write to';
const FAILURES = new Map([
  [
    'EEXIST',
    'left as it is: the file is there already; --force replaces it, --config names another',
  ],
  ['ENOENT', 'not written: its directory does not exist; create it first'],
  ['EISDIR', 'not written: this is a directory; name a file in it with --config'],
  ['EACCES', `not written: no permission; ${UNWRITABLE}`],
  ['EPERM', `not written: no permission; ${UNWRITABLE}`],
  ['EROFS', `not written: the file system is read-only; ${UNWRITABLE}`],
  ['ENOSPC', 'not written: the disk is full'],
]);
