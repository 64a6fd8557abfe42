import type { BullConnection } from './bull.ts';

/** A checked, open connection to a queue server, on which any number of queues and workers are opened. */
export interface QueueConnection {
  readonly kind: 'redis' | 'postgres';
  /** Which server, without credentials: `redis://cache:6379/0`. */
  readonly server: string;
  readonly bull: BullConnection;
  /** Facts an operator should act on, found when opening: an evicting Redis. */
  readonly warnings: readonly string[];
  /** @throws when the server does not answer; may wait for it without bound */
  ping(): Promise<unknown>;
  onError(listener: (error: Error) => void): void;
  /** Closes politely, and by force when the server does not answer. */
  close(): Promise<void>;
}
