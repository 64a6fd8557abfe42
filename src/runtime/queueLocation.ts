import type { Config } from '../config/config.ts';
import type { QueueLocation } from '../queue/backend.ts';

/** Redis where it is configured, else the database itself. */
export function queueLocation(config: Pick<Config, 'queue'>, databaseUrl: string): QueueLocation {
  return config.queue.url === null
    ? { kind: 'postgres', url: databaseUrl }
    : { kind: 'redis', url: config.queue.url, prefix: config.queue.prefix };
}
