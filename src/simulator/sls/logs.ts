import { hash32, unitOf } from '../random.ts';
import type { LogFields, LogQuery } from './logQuery.ts';

/** One log entry of a Logstore. */
export interface LogRow {
  /** Unix seconds. */
  readonly timeS: number;
  readonly fields: LogFields;
  /** When it can first be found; before its own time it never can. @default at its own time */
  readonly arrivedAtMs?: number;
}

/** Entries that are made up as they are asked for, any number of them: `perSecond` in each second of [fromS, toS). */
export interface MadeLogs {
  readonly fromS: number;
  readonly toS: number;
  readonly perSecond: number;
}

/** How the answers of a Logstore come to be complete, or not. Shares are 0..1. */
export interface LogCompleteness {
  /** Rows that one request goes through. What it has seen is cached: the identical request goes on from there. @default all */
  readonly scanRowsMax?: number;
  /** Seconds whose answers are never complete, and those of every window that holds one. @default 0 */
  readonly stuckShare?: number;
  /** Requests that are told Incomplete though all was seen. @default 0 */
  readonly incompleteShare?: number;
  /** Answers that leave x-log-progress out. @default 0 */
  readonly headerAbsentShare?: number;
}

export interface LogstoreOptions extends LogCompleteness {
  readonly rows?: readonly LogRow[];
  readonly made?: MadeLogs;
}

/** The rows that a request has seen, and what it is told. */
export interface LogReading {
  readonly rows: Iterable<LogFields>;
  /** null: the header is left out. */
  readonly progress: string | null;
  readonly processedRows: number;
}

/** [fromS, toS) in unix seconds, as known at `nowMs`. */
interface EntryRange {
  readonly fromS: number;
  readonly toS: number;
  readonly nowMs: number;
}

/** One Logstore. Answers depend on the seed, the query and which request it is, never on timing. */
export class Logstore {
  readonly #seed: string;
  readonly #made: MadeLogs | undefined;
  readonly #rows: LogRow[];
  #completeness: LogCompleteness;
  /** How many rows the identical request has gone through before. */
  readonly #scanned = new Map<string, number>();

  constructor(seed: string, options: LogstoreOptions) {
    this.#seed = seed;
    this.#made = options.made;
    this.#rows = [...(options.rows ?? [])];
    this.#completeness = options;
  }

  insert(rows: readonly LogRow[]): void {
    this.#rows.push(...rows);
  }

  setCompleteness(completeness: LogCompleteness): void {
    this.#completeness = completeness;
    this.#scanned.clear();
  }

  /** What can be found at that time, in order of insertion; made-up entries are left out. */
  found(nowMs: number): readonly LogRow[] {
    return this.#rows.filter((row) => isThere(row, nowMs));
  }

  /** `text` tells identical requests. */
  read(
    query: LogQuery,
    at: { readonly text: string; readonly nowMs: number; readonly request: number },
  ): LogReading {
    const { scanRowsMax = Infinity, stuckShare = 0, incompleteShare = 0 } = this.#completeness;
    const draw = (name: string, part: string | number) => unitOf([this.#seed, name, part]);
    const { fromS, toS } = query;
    const stuckS =
      stuckShare === 0
        ? null
        : this.#stuckSecond(query, (second) => draw('stuck', second) < stuckShare);
    const kept = shuffled(
      this.#rows.filter((row) => row.timeS >= fromS && row.timeS < toS && isThere(row, at.nowMs)),
      (index) => hash32([this.#seed, at.request, index]),
    );
    const made =
      this.#made === undefined
        ? 0
        : madeBefore(this.#made, Math.min(toS, at.nowMs / 1_000)) - madeBefore(this.#made, fromS);
    const total = kept.length + Math.max(0, made);
    const before = this.#scanned.get(at.text) ?? 0;
    const seen = Math.min(total, before + scanRowsMax);
    this.#scanned.set(at.text, seen);
    const isCut = incompleteShare > 0 && draw('incomplete', at.request) < incompleteShare;
    const isComplete = seen >= total && stuckS === null && !isCut;
    // An answer that is not complete has some of its rows.
    const shown = stuckS === null ? seen : Math.floor(seen / 2);
    const { headerAbsentShare = 0 } = this.#completeness;
    const isTold = headerAbsentShare === 0 || draw('header', at.request) >= headerAbsentShare;
    const word = isComplete ? 'Complete' : 'Incomplete';
    const isLower = hash32([this.#seed, 'case', at.request]) % 4 === 0;
    return {
      rows: this.#shown(kept, query, shown),
      progress: isTold ? (isLower ? word.toLowerCase() : word) : null,
      processedRows: seen - before,
    };
  }

  /**
   * Every entry of [fromS, toS) that can be found at that time, in order of insertion, then those that are made up. Read as
   * often as it is wanted: entries that are inserted after this call are none of it.
   */
  entries(range: EntryRange): Iterable<LogFields> {
    const count = this.#rows.length;
    return { [Symbol.iterator]: () => this.#entries(range, count) };
  }

  *#entries({ fromS, toS, nowMs }: EntryRange, count: number): Generator<LogFields> {
    for (const row of this.#rows.slice(0, count)) {
      const isAsked = row.timeS >= fromS && row.timeS < toS && isThere(row, nowMs);
      if (isAsked) yield { __time__: String(row.timeS), ...row.fields };
    }
    if (this.#made === undefined) return;
    const end = madeBefore(this.#made, Math.min(toS, nowMs / 1_000));
    for (let n = madeBefore(this.#made, fromS); n < end; n += 1) yield madeRow(this.#made, n);
  }

  #stuckSecond({ fromS, toS }: LogQuery, isStuck: (second: number) => boolean): number | null {
    for (let second = fromS; second < toS; second += 1) if (isStuck(second)) return second;
    return null;
  }

  *#shown(kept: readonly LogRow[], query: LogQuery, shown: number): Iterable<LogFields> {
    for (const row of kept.slice(0, shown)) yield { __time__: String(row.timeS), ...row.fields };
    if (this.#made === undefined) return;
    const first = madeBefore(this.#made, query.fromS);
    for (let index = 0; index < shown - kept.length; index += 1) {
      yield madeRow(this.#made, first + index);
    }
  }
}

function isThere({ timeS, arrivedAtMs }: LogRow, nowMs: number): boolean {
  return Math.max(timeS * 1_000, arrivedAtMs ?? 0) <= nowMs;
}

function shuffled<Item>(items: readonly Item[], rank: (index: number) => number): readonly Item[] {
  const ranked = items.map((item, index) => ({ item, rank: rank(index) }));
  return ranked.sort((a, b) => a.rank - b.rank).map(({ item }) => item);
}

/** How many entries there are before that second. */
function madeBefore({ fromS, toS, perSecond }: MadeLogs, timeS: number): number {
  return Math.floor((Math.max(fromS, Math.min(toS, Math.floor(timeS))) - fromS) * perSecond);
}

const LEVELS = ['INFO', 'INFO', 'WARN', 'INFO', 'ERROR', 'INFO', 'INFO', 'DEBUG'] as const;
const SERVICES = ['checkout', 'search', 'login', 'payment', 'catalog'] as const;
const MESSAGES = [
  'upstream answered 503 after 3 tries, giving up on this request',
  'connection pool is exhausted; waited 2000 ms for a free connection',
  'order was placed and handed to the warehouse',
  'session expired, the user was asked to log in again',
  'cache miss, the price was read from the database',
  'slow query: select * from items where category = ? took 1480 ms',
  'payment provider refused the card: insufficient funds',
] as const;

/** The n-th made-up entry, about 400 bytes as JSON; cheap, and the same whenever it is asked for. */
export function madeRow(
  { fromS, perSecond }: Pick<MadeLogs, 'fromS' | 'perSecond'>,
  n: number,
): LogFields {
  const mixed = Math.imul(n + 1, 0x9e3779b1) >>> 0;
  return {
    __time__: String(fromS + Math.floor(n / perSecond)),
    __source__: `10.0.${n & 15}.${mixed & 255}`,
    __topic__: 'app',
    level: LEVELS[mixed % LEVELS.length] ?? 'INFO',
    service: SERVICES[n % SERVICES.length] ?? 'checkout',
    request_id: `${mixed.toString(16).padStart(8, '0')}-${n.toString(16).padStart(12, '0')}`,
    message: MESSAGES[(mixed >>> 8) % MESSAGES.length] ?? '',
    path: `/api/v2/items/${mixed % 90_000}?page=${n % 40}`,
    duration_ms: String(mixed % 2_000),
    user_agent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0 Safari/537.36',
  };
}
