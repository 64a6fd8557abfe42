import { isNativeError } from 'node:util/types';
import { SinkError } from '../sinkError.ts';
import type { SinkErrorKind } from '../sinkError.ts';

/**
 * Runs a call on the database and turns its failure into a SinkError that names host, port and database, and what to do.
 * @throws SinkError; TypeError, RangeError and the like pass through: they are faults of this program
 */
export async function translated<T>(url: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw sinkErrorOf(error, placeOf(url));
  }
}

/** Where the database is, without user and password: `127.0.0.1:5432/logferry`. */
export function placeOf(url: string): string {
  if (!URL.canParse(url)) return 'the configured address';
  const { hostname, port, pathname } = new URL(url);
  return `${hostname === '' ? 'localhost' : hostname}:${port === '' ? '5432' : port}${pathname}`;
}

/** @param place as placeOf gives it */
export function sinkErrorOf(error: unknown, place: string): unknown {
  if (error instanceof SinkError || !isNativeError(error) || isOwnFault(error)) return error;
  const code = codeOf(error);
  const { kind, advice } = meaningOf(code);
  const text = lastParagraphOf(error.message);
  const said = code === undefined ? text : `${text} (${code})`;
  return new SinkError(kind, `PostgreSQL at ${place}: ${said}; ${advice}`, error);
}

/** Prisma puts the call it was made by before what happened, over several lines. */
function lastParagraphOf(message: string): string {
  const paragraphs = message.trim().split(/\n\s*\n/);
  return (paragraphs.at(-1) ?? '').replaceAll(/\s+/g, ' ');
}

const ownFaults = new Set([
  'TypeError',
  'RangeError',
  'ReferenceError',
  'SyntaxError',
  'AbortError',
]);

function isOwnFault(error: Error): boolean {
  return ownFaults.has(error.name);
}

/** The SQLSTATE or the system's error code, through the wrappings of Prisma's adapter and of AggregateError. */
function codeOf(error: Error): string | undefined {
  for (let at: unknown = error, depth = 0; isRecord(at) && depth < 6; depth += 1) {
    const code = at['originalCode'] ?? at['code'];
    if (typeof code === 'string' && !/^P\d{4}$/.test(code)) return code;
    const meta = at['meta'];
    at = (isRecord(meta) ? meta['driverAdapterError'] : undefined) ?? at['cause'];
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

interface Meaning {
  readonly kind: SinkErrorKind;
  readonly advice: string;
}

const unreachable: Meaning = {
  kind: 'unavailable',
  advice: 'check that it runs and that database.url points to it',
};

/** By SQLSTATE, longest prefix first; SQLSTATEs are listed in appendix A of the PostgreSQL manual. */
const meanings: readonly (readonly [prefix: string, Meaning])[] = [
  ['28', { kind: 'refused', advice: 'check the user and password in database.url' }],
  [
    '3D000',
    { kind: 'refused', advice: 'create the database, or correct its name in database.url' },
  ],
  ['42501', { kind: 'refused', advice: 'grant the missing privilege to the user of database.url' }],
  ['25006', { kind: 'refused', advice: 'point database.url to the primary, not to a standby' }],
  ['42P01', { kind: 'refused', advice: 'run: logferry migrate' }],
  ['42703', { kind: 'refused', advice: 'run: logferry migrate' }],
  ['3F000', { kind: 'refused', advice: 'run: logferry migrate' }],
  ['08', unreachable],
  ['57P', unreachable],
  ['53300', { kind: 'unavailable', advice: 'raise max_connections or run fewer processes' }],
  ['53100', { kind: 'unavailable', advice: 'free disk space on the database server' }],
  ['53', { kind: 'unavailable', advice: 'the database server is short of resources' }],
  ['58', { kind: 'unavailable', advice: 'look at the log of the database server' }],
  [
    '40',
    { kind: 'unavailable', advice: 'it collided with another transaction and can be tried again' },
  ],
  [
    '55P03',
    { kind: 'unavailable', advice: 'another transaction held the rows for too long; try again' },
  ],
  [
    '57014',
    { kind: 'unavailable', advice: 'it took too long and was cut off; look for what blocks it' },
  ],
  [
    '25P0',
    { kind: 'unavailable', advice: 'it was silent for too long and was cut off; try again' },
  ],
];

const sqlState = /^[0-9A-Z]{5}$/;

function meaningOf(code: string | undefined): Meaning {
  // No SQLSTATE: the server did not answer. `ECONNREFUSED`, or one of the driver's own connection errors without a code.
  // No class of SQLSTATEs starts with E, every error code of the system does.
  if (code === undefined || !sqlState.test(code) || code.startsWith('E')) return unreachable;
  return (
    meanings.find(([prefix]) => code.startsWith(prefix))?.[1] ?? {
      kind: 'bug',
      advice: 'this is a fault of LogFerry; please report it',
    }
  );
}
