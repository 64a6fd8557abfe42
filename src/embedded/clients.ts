import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { HostProcess } from './host.ts';
import { identityOf } from './host.ts';

/**
 * The processes that use a server: one file each, `<pid>-<nth>`, holding the process's identity. All functions are to be
 * called under the folder's lock.
 */
export interface ClientFolder {
  readonly folder: string;
  readonly host: HostProcess;
}

/** @returns the file, for removeClient */
export async function addClient(clients: ClientFolder): Promise<string> {
  const taken = new Set(await readdir(clients.folder));
  for (let nth = 1; ; nth += 1) {
    const name = `${clients.host.pid}-${nth}`;
    if (taken.has(name)) continue;
    await writeFile(join(clients.folder, name), identityOf(clients.host, clients.host.pid) ?? '');
    return name;
  }
}

export async function removeClient(clients: ClientFolder, name: string): Promise<void> {
  await rm(join(clients.folder, name), { force: true });
}

/** Forgets the clients that died without leaving, and answers how many are left. */
export async function countLiveClients(clients: ClientFolder): Promise<number> {
  let live = 0;
  for (const name of await readdir(clients.folder)) {
    const pid = Number(name.split('-', 1)[0]);
    const identity = await readFile(join(clients.folder, name), 'utf8');
    if (Number.isInteger(pid) && identityOf(clients.host, pid) === identity) live += 1;
    else await removeClient(clients, name);
  }
  return live;
}
