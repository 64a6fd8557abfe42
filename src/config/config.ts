import type { z } from 'zod';
import type { HostPattern } from '../domain/hostPattern.ts';
import type { ExportLimits } from '../engine/filePort.ts';
import type { accountSchema } from '../providers/accounts.ts';
import type { ScheduledExport } from '../engine/orderScheduled.ts';
import type { Source } from '../sources/source.ts';
import type { TrackTiming } from '../engine/ports.ts';
import type { LogLevel } from './schema.ts';

/** `logferry.yaml`, checked: every name resolved, every duration in milliseconds. Take the part you need, not all of it. */
export interface Config {
  readonly database: {
    /** null: embedded PostgreSQL. */
    readonly url: string | null;
  };
  readonly queue: {
    /** null: BullMQ on the database. */
    readonly url: string | null;
    /** How often what Postgres says is unfinished is queued again. */
    readonly requeueEveryMs: number;
    /** Of the keys in Redis. */
    readonly prefix: string;
    /** How long a killed worker keeps its queue jobs. */
    readonly lockDurationMs: number;
  };
  readonly web: {
    readonly host: string;
    /** 0: any free port. */
    readonly port: number;
    readonly username: string;
    /** Never null off loopback. */
    readonly password: string | null;
  };
  readonly log: { readonly level: LogLevel };
  /** The files of finished export jobs. */
  readonly downloads: {
    readonly allowedHosts: readonly HostPattern[];
    /** A directory; null: no original file is kept. */
    readonly archive: string | null;
    /** As fetched. */
    readonly fileBytesMax: number;
    readonly limits: ExportLimits;
  };
  readonly accounts: ReadonlyMap<string, AccountConfig>;
  /** In the order of the file; names are unique. */
  readonly streams: readonly StreamConfig[];
  /** In the order of the file; names are unique, their streams exist and take orders. */
  readonly exports: readonly ScheduledExport[];
}

/** An account as `accountSchema` parsed it. */
type AccountConfig = Readonly<z.output<typeof accountSchema>>;

/** A stream as configured. Its account exists and is of its source's provider. */
export interface StreamConfig {
  readonly name: string;
  readonly source: Source;
  /** A key of `Config.accounts`. */
  readonly account: string;
  /** Cron, five fields or six with seconds first, UTC. */
  readonly schedule: string;
  /** What `source.streamSchema` parsed. */
  readonly settings: unknown;
  readonly track: TrackTiming;
}
