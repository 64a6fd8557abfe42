import { link, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { systemCodeOf } from './embeddedError.ts';
import type { HostProcess } from './host.ts';
import { identityOf } from './host.ts';

const pollDelayMs = 40;

const ownerSchema = z.object({ pid: z.number(), identity: z.string(), released: z.boolean() });

/**
 * Runs `action` while no other process on this machine runs one on the same folder.
 * The lock is the file `lock.<n>` with the highest n. Whoever wants it waits until its owner released it or died, then
 * creates `lock.<n+1>`, which only one can. A lock file is never taken over and the highest is never removed, so there is
 * no moment at which two owners can both be right: that a process died cannot become untrue.
 * @throws the signal's reason when it fires while waiting
 */
export async function withFolderLock<T>(
  lock: { readonly folder: string; readonly host: HostProcess },
  action: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const n = await acquire(lock, signal);
  try {
    return await action();
  } finally {
    await release(lock, n);
  }
}

async function acquire(
  lock: { readonly folder: string; readonly host: HostProcess },
  signal: AbortSignal,
): Promise<number> {
  for (;;) {
    signal.throwIfAborted();
    const last = await highest(lock.folder);
    if (last > 0 && (await isHeld(lock, last))) {
      await sleep(pollDelayMs, undefined, { signal });
      continue;
    }
    const mine = last + 1;
    if (!(await create(lock, mine))) continue;
    // Between looking and creating, others may have come, gone and tidied up: then a higher number stands, and wins.
    if ((await highest(lock.folder)) === mine) return mine;
    await rm(pathOf(lock.folder, mine), { force: true });
  }
}

async function release(
  lock: { readonly folder: string; readonly host: HostProcess },
  n: number,
): Promise<void> {
  const draft = draftOf(lock, n);
  await writeFile(draft, ownerText(lock.host, { released: true }));
  await rename(draft, pathOf(lock.folder, n));
  for (const older of await numbers(lock.folder)) {
    if (older < n) await rm(pathOf(lock.folder, older), { force: true });
  }
}

/** @returns false when somebody else created it first */
async function create(
  lock: { readonly folder: string; readonly host: HostProcess },
  n: number,
): Promise<boolean> {
  const draft = draftOf(lock, n);
  await writeFile(draft, ownerText(lock.host, { released: false }));
  try {
    await link(draft, pathOf(lock.folder, n)); // unlike open-then-write, never seen half-written
    return true;
  } catch (error) {
    if (systemCodeOf(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function isHeld(
  lock: { readonly folder: string; readonly host: HostProcess },
  n: number,
): Promise<boolean> {
  let text: string;
  try {
    text = await readFile(pathOf(lock.folder, n), 'utf8');
  } catch {
    return false; // removed meanwhile: look again
  }
  const owner = ownerSchema.parse(JSON.parse(text));
  return !owner.released && identityOf(lock.host, owner.pid) === owner.identity;
}

function ownerText(host: HostProcess, state: { readonly released: boolean }): string {
  return JSON.stringify({
    pid: host.pid,
    identity: identityOf(host, host.pid) ?? '',
    released: state.released,
  });
}

async function highest(folder: string): Promise<number> {
  return Math.max(0, ...(await numbers(folder)));
}

async function numbers(folder: string): Promise<readonly number[]> {
  return (await readdir(folder)).flatMap((name) => {
    const found = /^lock\.(\d+)$/.exec(name)?.[1];
    return found === undefined ? [] : [Number(found)];
  });
}

function pathOf(folder: string, n: number): string {
  return join(folder, `lock.${n}`);
}

let drafts = 0;

function draftOf(lock: { readonly folder: string; readonly host: HostProcess }, n: number): string {
  drafts += 1;
  return join(lock.folder, `.lock-${lock.host.pid}-${drafts}-${n}`);
}
