import { z } from 'zod';
import { EXPORT_COMPRESSIONS, EXPORT_FORMATS } from '../domain/exportOrder.ts';
import { isWindowLength } from '../domain/exportWindows.ts';
import { parseUtcOffset } from '../domain/logLine.ts';
import { durationSchema } from '../sources/durationSchema.ts';

/** An export that is ordered on a schedule: one value of `exports`. Its stream is judged by `exportIssues`. */
export const exportSchema = z.strictObject({
  stream: z
    .string()
    .describe(
      'The stream through which it is ordered, followed and loaded: a key of streams, of a source whose jobs can be ordered.',
    ),
  logstore: z.string().min(1).describe('The Logstore that is exported.'),
  query: z.string().min(1).describe('Which logs: a query, or a SQL statement.'),
  every: durationSchema('1h', '31d')
    .refine(isWindowLength, 'must be 1h, 2h, 3h, 4h, 6h, 8h, 12h or whole days up to 31d')
    .describe(
      'The range of time of one export. Ranges begin at midnight of utcOffset, or at even parts of the day; those of several days are counted from the day of start.',
    ),
  start: z.iso
    .datetime({ offset: true, error: 'must be a time: 2026-11-01T00:00:00Z' })
    .describe('Where the first range begins. Ranges that were missed are caught up with.'),
  settle: durationSchema('0s', '7d')
    .prefault('1h')
    .describe('How long after its end a range is ordered: late logs come in until then.'),
  utcOffset: z
    .string()
    .refine((text) => parseUtcOffset(text) !== null, 'must be an offset from UTC: "+08:00"')
    .default('Z')
    .describe('The zone whose midnights ranges begin at: "+08:00".'),
  format: z.enum(EXPORT_FORMATS).default('csv').describe('The format of the file.'),
  compression: z.enum(EXPORT_COMPRESSIONS).default('gzip').describe('How the file is packed.'),
  allowIncomplete: z
    .boolean()
    .default(false)
    .describe('Whether a file is made also where the result of the query is incomplete.'),
  powerSql: z
    .boolean()
    .default(false)
    .describe('Whether Dedicated SQL (PowerSQL) is used; billed by CPU time.'),
  roleArn: z
    .string()
    .min(1)
    .optional()
    .describe('The RAM role that the service writes the file with. Left out: its own choice.'),
  bucket: z
    .string()
    .min(1)
    .optional()
    .describe('The bucket that the service writes the file to. Left out: its own choice.'),
  prefix: z
    .string()
    .min(1)
    .optional()
    .describe('The path in the bucket. Left out: the choice of the service.'),
  retries: z
    .int()
    .min(0)
    .max(10)
    .default(2)
    .describe('How often a range is ordered again whose export failed; each is paid for.'),
  parallel: z
    .int()
    .min(1)
    .max(20)
    .default(1)
    .describe('How many of its exports may be under way at a time.'),
});
