import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { withFolderLock } from '../../src/embedded/folderLock.ts';
import { identityOf } from '../../src/embedded/host.ts';

const never = new AbortController().signal;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'logferry-lock-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function deadPid(): Promise<number> {
  const child = spawn('true');
  await once(child, 'exit');
  return child.pid ?? 0;
}

const lockFile = (n: number, owner: object) =>
  writeFile(join(folder, `lock.${n}`), JSON.stringify(owner));

describe('the lock of a folder', () => {
  it('lets one at a time in, and everybody in the end', async () => {
    let inside = 0;
    let most = 0;
    let entered = 0;
    const visit = () =>
      withFolderLock(
        { folder, host: process },
        async () => {
          inside += 1;
          entered += 1;
          most = Math.max(most, inside);
          await sleep(2);
          inside -= 1;
        },
        new AbortController().signal,
      );
    await Promise.all(Array.from({ length: 20 }, visit));
    expect([most, entered]).toEqual([1, 20]);
  });

  it('leaves one file behind', async () => {
    for (const n of [1, 2, 3])
      await withFolderLock({ folder, host: process }, async () => n, never);
    expect(await readdir(folder)).toHaveLength(1);
  });

  it('is given back when the action throws', async () => {
    const failing = withFolderLock(
      { folder, host: process },
      () => Promise.reject(new Error('no')),
      never,
    );
    await expect(failing).rejects.toThrow('no');
    await expect(withFolderLock({ folder, host: process }, async () => 'in', never)).resolves.toBe(
      'in',
    );
  });

  it("of a process that died is nobody's", async () => {
    await lockFile(1, { pid: await deadPid(), identity: 'x', released: false });
    await expect(withFolderLock({ folder, host: process }, async () => 'in', never)).resolves.toBe(
      'in',
    );
  });

  it("of a process that died is nobody's even when another has its pid by now", async () => {
    await lockFile(1, { pid: process.pid, identity: 'the one before', released: false });
    await expect(withFolderLock({ folder, host: process }, async () => 'in', never)).resolves.toBe(
      'in',
    );
  });

  it('of a live process is waited for, until the signal fires', async () => {
    const identity = identityOf(process, process.pid);
    await lockFile(1, { pid: process.pid, identity, released: false });
    const signal = AbortSignal.timeout(150);
    const waiting = withFolderLock({ folder, host: process }, async () => 'in', signal);
    await expect(waiting).rejects.toMatchObject({
      name: expect.stringMatching(/AbortError|TimeoutError/),
    });
  });
});

describe('the identity of a process', () => {
  it('is the same each time it is asked, and none when there is no process', async () => {
    expect(identityOf(process, process.pid)).toBe(identityOf(process, process.pid));
    expect(identityOf(process, await deadPid())).toBeNull();
  });

  it('differs between processes', async () => {
    const child = spawn('sleep', ['5']);
    await sleep(30);
    expect(identityOf(process, child.pid ?? 0)).not.toBe(identityOf(process, process.pid));
    child.kill();
  });
});
