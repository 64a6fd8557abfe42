import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { addClient, countLiveClients, removeClient } from './clients.ts';
import { ensureDataDirectory } from './dataDirectory.ts';
import { withFolderLock } from './folderLock.ts';
import type { HostProcess } from './host.ts';
import { placeServer } from './placement.ts';
import type { ServerPlace } from './server.ts';
import { ensureDatabase, findRunning, startServer, stopServer, urlOf } from './server.ts';

export interface EmbeddedPostgres {
  /** Holds the password: never to be logged. */
  readonly url: string;
  /** Gives the server up; the last process to do so stops it. Safe to call twice. */
  release(): Promise<void>;
}

/**
 * Runs PostgreSQL from the npm packages for this directory, or joins the server that already runs for it, and answers its
 * address on 127.0.0.1. About 1 s the first time, 0.2 s later. All processes that acquired the same directory share one
 * server; those that were killed are forgotten, and a server they left running is taken over.
 * @param options.directory `.logferry`: made if missing
 * @param options.host `process`
 * @param options.settings PostgreSQL settings for a server that is started now. @default {}
 * @throws EmbeddedPostgresError when it cannot run here; the signal's reason when it fires first, nothing left behind
 */
export async function acquireEmbeddedPostgres(
  options: {
    readonly directory: string;
    readonly host: HostProcess;
    readonly log: { info(fields: object, message: string): void };
    readonly settings?: Readonly<Record<string, string>>;
  },
  signal: AbortSignal,
): Promise<EmbeddedPostgres> {
  const { host, log } = options;
  const place: ServerPlace = {
    ...(await placeServer(options)),
    host,
    settings: options.settings ?? {},
  };
  const clients = { folder: join(place.home, 'clients'), host };
  await mkdir(clients.folder, { recursive: true });
  const lock = { folder: place.home, host };

  const { port, client } = await withFolderLock(
    lock,
    async () => {
      await countLiveClients(clients);
      const running = await findRunning(place, signal);
      const taken = running ?? (await startAnew(place, signal));
      if (running === null) {
        log.info(
          { event: 'embedded_postgres_started', port: taken, folder: place.home },
          'embedded PostgreSQL started',
        );
      }
      // Whoever started a running one may have been killed before it came to this.
      if (running !== null) await ensureDatabase(place, running);
      return { port: taken, client: await addClient(clients) };
    },
    signal,
  );
  const url = await urlOf(place, port);

  let released: Promise<void> | undefined;
  const untilDone = new AbortController().signal;
  return {
    url,
    release: () => {
      released ??= withFolderLock(
        lock,
        async () => {
          await removeClient(clients, client);
          if ((await countLiveClients(clients)) === 0) await stopServer(place, untilDone);
        },
        untilDone,
      );
      return released;
    },
  };
}

/** Leaves no server behind when it fails or is interrupted. */
async function startAnew(place: ServerPlace, signal: AbortSignal): Promise<number> {
  await ensureDataDirectory(place, signal);
  try {
    const port = await startServer(place, signal);
    await ensureDatabase(place, port);
    return port;
  } catch (error) {
    await stopServer(place, new AbortController().signal).catch(() => undefined);
    throw error;
  }
}
