import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, lstat, mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errorCodeOf } from '../domain/errorCode.ts';
import type { FetchedFile, KeptPlace } from '../engine/filePort.ts';
import { filePieces, PIECE_BYTES } from './filePieces.ts';
import { nameWith, safeName } from './safeName.ts';
import { writeAll } from './writeAll.ts';

type Kept = Pick<FetchedFile, 'bytes' | 'sha256' | 'descriptor'>;

/**
 * Copies a fetched file to a place of its own: see FileEngine.keep. A file that stands there with the same bytes is left alone;
 * beside one with other bytes, the name gets the first digits of the checksum.
 */
export async function keepFile(file: Kept, place: KeptPlace): Promise<string> {
  const folder = resolve(place.directory, ...place.folders.map(safeName));
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const name = safeName(place.name);
  const names = [name, nameWith(name, `-${file.sha256.slice(0, 12)}`)];
  const standing = await standingAs(file, { folder, names });
  if (standing !== null) return standing;
  const part = join(folder, `${PART_START}${randomUUID()}${PART_END}`);
  try {
    await copyTo(part, file);
    await removeLeftovers(folder, part);
    const path = await nameIt(part, file, { folder, names });
    if (path === null)
      throw new Error(`other files stand in ${folder} under the names of this one`);
    await syncFolder(folder);
    return path;
  } finally {
    await unlink(part).catch(() => undefined); // it has its name by now, or it is not wanted
  }
}

interface Names {
  readonly folder: string;
  /** The first that is free is taken. */
  readonly names: readonly string[];
}

/** The path under which the same bytes are kept already. */
async function standingAs(file: Kept, { folder, names }: Names): Promise<string | null> {
  for (const name of names) {
    const path = join(folder, name);
    if (await isKeptAt(path, file)) return path;
  }
  return null;
}

async function isKeptAt(path: string, { bytes, sha256 }: Kept): Promise<boolean> {
  const found = await lstat(path).catch(absent);
  if (found?.isFile() !== true || found.size !== bytes) return false;
  return (await sha256Of(path)) === sha256;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) {
    hash.update(piece as Buffer);
  }
  return hash.digest('hex');
}

/** Copies piece by piece, and waits until the bytes are on the disk. */
async function copyTo(path: string, file: Kept): Promise<void> {
  const copy = await open(path, 'wx', 0o600);
  try {
    let position = 0;
    for await (const piece of filePieces(file, { from: 0, to: file.bytes })) {
      await writeAll(copy, piece, position);
      position += piece.length;
    }
    await copy.sync();
  } finally {
    await copy.close();
  }
}

/** Gives the copy the first name that is free, or under which another process has kept the same bytes meanwhile. */
async function nameIt(part: string, file: Kept, { folder, names }: Names): Promise<string | null> {
  for (const name of names) {
    const path = join(folder, name);
    if ((await takesName(part, path)) || (await isKeptAt(path, file))) return path;
  }
  return null;
}

/** File systems without a second name for a file (FAT, some of the network): there the name is looked at before it is taken. */
const NO_LINKS = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'];

/** False when the name is taken. A link, and not a rename, never takes the place of a file that came meanwhile. */
async function takesName(part: string, path: string): Promise<boolean> {
  try {
    await link(part, path);
    return true;
  } catch (error) {
    const code = errorCodeOf(error) ?? '';
    if (code === 'EEXIST') return false;
    if (!NO_LINKS.includes(code)) throw error;
  }
  if ((await lstat(path).catch(absent)) !== null) return false;
  await rename(part, path);
  return true;
}

/** Hidden, and never the name of a kept file: those do not begin with a dot. */
const PART_START = '.logferry-';
const PART_END = '.part';
const LEFTOVER_MS = 86_400_000;

/** Removes copies that processes left when they were killed: those that are a day older than this one. */
async function removeLeftovers(folder: string, own: string): Promise<void> {
  const { mtimeMs: nowMs } = await lstat(own);
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PART_START) || !name.endsWith(PART_END)) continue;
    const path = join(folder, name);
    const found = await lstat(path).catch(absent);
    if (found !== null && nowMs - found.mtimeMs > LEFTOVER_MS) await unlink(path).catch(absent);
  }
}

/** A name is on the disk when its folder is. Not every system lets folders be opened (Windows), and then there is no need to. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => null);
  if (handle === null) return;
  try {
    await handle.sync().catch(() => undefined);
  } finally {
    await handle.close();
  }
}

/** For what may not be there. @throws any other failure */
function absent(error: unknown): null {
  if (errorCodeOf(error) === 'ENOENT') return null;
  throw error;
}
