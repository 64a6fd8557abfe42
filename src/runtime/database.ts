import { join } from 'node:path';
import { acquireEmbeddedPostgres } from '../embedded/postgres.ts';
import type { HostProcess } from '../embedded/host.ts';
import type { Log } from '../engine/ports.ts';

export interface Database {
  readonly url: string;
  /** True when it is LogFerry's own, under `.logferry/`. */
  readonly embedded: boolean;
  /** Lets an embedded server stop once nobody uses it. */
  release(): Promise<void>;
}

/**
 * The configured database, or the embedded one of this directory, started when nobody has started it yet.
 * @throws EmbeddedPostgresError when the embedded server cannot run here
 */
export async function openDatabase(
  place: {
    readonly url: string | null;
    /** Holds `.logferry/`. */
    readonly directory: string;
    readonly host: HostProcess;
    readonly log: Log;
  },
  signal: AbortSignal,
): Promise<Database> {
  if (place.url !== null) {
    return { url: place.url, embedded: false, release: () => Promise.resolve() };
  }
  const { directory, host, log } = place;
  const server = await acquireEmbeddedPostgres(
    { directory: join(directory, '.logferry'), host, log },
    signal,
  );
  return { url: server.url, embedded: true, release: () => server.release() };
}
