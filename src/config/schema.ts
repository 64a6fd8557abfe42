import { validate as isCron } from 'node-cron';
import { z } from 'zod';
import { HOST_PATTERN_RULE, parseHostPattern } from '../domain/hostPattern.ts';
import { accountSchema } from '../providers/accounts.ts';
import { durationSchema } from '../sources/durationSchema.ts';
import { exportSchema } from './exportSchema.ts';

const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** The levels of pino. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Names of accounts and streams: they become queue job ids, metric labels and table values. */
const NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;
const NAME_RULE = 'a name has 1 to 64 of a-z, 0-9, _ and -, and begins with a letter or digit';

/** A stream's name: 1 to 64 of a-z, 0-9, _ and -. */
export const streamNameSchema = z.string().regex(NAME, NAME_RULE);

/** The keys every stream has, whatever its source. */
export const streamCommonSchema = z.object({
  source: z.string().describe('The API that the stream lists.'),
  account: z.string().describe('The account to ask with: a key of accounts.'),
  schedule: z
    .string()
    .refine(
      isSchedule,
      'must be cron in UTC: five fields, or six with seconds first: "*/5 * * * *"',
    )
    .describe('When a walk begins: cron in UTC, five fields, or six with seconds first.'),
  track: z
    .strictObject({
      pollMin: durationSchema('100ms', '1d')
        .prefault('5s')
        .describe("Shortest time between two questions for a job's status."),
      pollMax: durationSchema('100ms', '1d')
        .prefault('5m')
        .describe("Longest time between two questions for a job's status."),
      deadline: durationSchema('1s', '365d')
        .prefault('1d')
        .describe(
          'A job that is not finished after this time is reported overdue, and polled on slowly.',
        ),
    })
    .refine((track) => track.pollMin <= track.pollMax, {
      path: ['pollMin'],
      message: 'must not be longer than pollMax',
    })
    .prefault({})
    .describe('How the status of unfinished jobs is asked.'),
});

/** Where exported files may come from, where they are kept, and how large they may get. */
const downloadsSchema = z
  .strictObject({
    allowedHosts: z
      .array(
        z.string().transform((text, context) => {
          const pattern = parseHostPattern(text);
          if (pattern !== null) return pattern;
          context.addIssue(HOST_PATTERN_RULE);
          return z.NEVER;
        }),
      )
      .min(1)
      .prefault(['*.aliyuncs.com'])
      .describe(
        'Hosts that exported files may be fetched from, by https. A private address, http and other ports take the exact name of a host.',
      ),
    archive: z
      .string()
      .min(1)
      .optional()
      .describe('A directory in which every fetched file is kept as it came. Left out: none is.'),
    fileMiB: z
      .int()
      .min(1)
      .max(1_048_576)
      .default(16_384)
      .describe('A file larger than this, as fetched, is given up.'),
    unpackedMiB: z
      .int()
      .min(1)
      .max(16_777_216)
      .default(262_144)
      .describe('A file that unpacks to more than this is given up.'),
    ratio: z
      .int()
      .min(2)
      .max(1_000_000)
      .default(1_000)
      .describe(
        'A file that unpacks to more than so many times its size is given up; logs unpack to 5 to 50 times theirs.',
      ),
    recordKiB: z
      .int()
      .min(1)
      // jsonb can hold any record of 32 MiB (measured, PostgreSQL 18: an array of 2^24 numbers); of a larger one it depends.
      .max(32_768)
      .default(16_384)
      .describe('A longer record of a file is rejected, the others are stored.'),
  })
  .prefault({})
  .describe('The files of finished export jobs.');

/** The file without what depends on the sources: `streams` holds their parts unread. */
export const rootSchema = z.strictObject({
  database: z
    .strictObject({
      url: optionalUrl(['postgres', 'postgresql']).describe(
        'PostgreSQL, postgresql://user:password@host:port/database. Left out or empty: embedded PostgreSQL in .logferry/.',
      ),
    })
    .prefault({})
    .describe('Where the rows go.'),
  queue: z
    .strictObject({
      url: optionalUrl(['redis', 'rediss']).describe(
        'Redis, redis://host:port or rediss:// for TLS. Left out or empty: the queue is kept in the database.',
      ),
      requeueEvery: durationSchema('1s', '1h')
        .prefault('60s')
        .describe('How often work that the database knows to be unfinished is queued again.'),
      prefix: z
        .string()
        .regex(NAME, NAME_RULE)
        .default('logferry')
        .describe(
          'What the keys in Redis begin with: tells several LogFerries on one Redis apart.',
        ),
      lockDuration: durationSchema('1s', '10m')
        .prefault('30s')
        .describe(
          'How long a killed worker keeps its queue jobs; another worker takes them over at most half as long after that.',
        ),
    })
    .prefault({})
    .describe('Where the queue jobs are.'),
  web: z
    .strictObject({
      host: z
        .string()
        .regex(/^[^\s/]+$/, 'must be a host name or an IP address: 127.0.0.1')
        .default('127.0.0.1')
        .describe('The address to listen on. Anything but a loopback address needs a password.'),
      port: z.int().min(0).max(65_535).default(8080).describe('The TCP port; 0 takes a free one.'),
      username: z
        .string()
        .regex(/^[^\s:]+$/, 'must hold no colon and no space')
        .default('ops')
        .describe('The user name to log in with.'),
      password: z
        .string()
        .optional()
        .describe('The password to log in with, from the environment.'),
    })
    .prefault({})
    .describe('The dashboard, the status page, metrics and health.'),
  log: z
    .strictObject({
      level: z.enum(LOG_LEVELS).default('info').describe('The least severe lines to write.'),
    })
    .prefault({})
    .describe('The log lines on standard error.'),
  downloads: downloadsSchema,
  accounts: z
    .record(z.string().regex(NAME, NAME_RULE), accountSchema)
    .refine(isNotEmpty, 'must hold at least one account')
    .describe('Cloud accounts by name.'),
  streams: z
    .record(z.string(), z.unknown())
    .refine(isNotEmpty, 'must hold at least one stream')
    .describe('Listings to keep in step with, by name.'),
  exports: z
    .record(z.string().regex(NAME, NAME_RULE), exportSchema)
    .default({})
    .describe('Exports that are ordered on a schedule, by name. Left out: none.'),
});

/** A URL of one of `schemes`, or empty. */
function optionalUrl(schemes: readonly string[]) {
  const beginnings = schemes.map((scheme) => `${scheme}://`).join(' or ');
  return z
    .string()
    .regex(new RegExp(`^((${schemes.join('|')})://.*)?$`), `must begin with ${beginnings}`)
    .refine(
      (text) => text === '' || hasHost(text),
      'is not a URL with a host; write special characters of the password as %XX',
    )
    .optional();
}

/** PostgreSQL also takes the directory of its socket as the parameter `host`. */
function hasHost(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return url.host !== '' || url.searchParams.has('host');
}

function isSchedule(text: string): boolean {
  const fields = text.trim().split(/\s+/);
  return (fields.length === 5 || fields.length === 6) && isCron(text);
}

function isNotEmpty(record: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(record).length > 0;
}
