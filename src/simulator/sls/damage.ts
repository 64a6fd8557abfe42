import type { RowFault } from '../faults.ts';
import { pickOf } from '../random.ts';
import type { DownloadJobRow } from './downloadJob.ts';

type Fields = Record<string, unknown>;

const UNKNOWN_STATUSES = ['PAUSED', 'CANCELLING', 'QUEUED', 'DEGRADED'] as const;
const ABSENT = [
  'executionDetails',
  'configuration',
  'createTime',
  'displayName',
  'description',
  'status',
] as const;
/** So much larger than its file a job calls it. */
const WRONG_BYTES = 17;
const HUGE_CHARACTERS = 1024 * 1024;

/** A newer style of pre-signed link, in a field that nobody documents: it must not leak either. */
const UNKNOWN_LINK =
  'https://simulated.oss-cn-hangzhou.aliyuncs.com/preview.csv?x-oss-signature-version=OSS4-HMAC-SHA256' +
  '&x-oss-credential=STS.SimulatedKeyId%2F20261122%2Fcn-hangzhou%2Foss%2Faliyun_v4_request' +
  '&x-oss-date=20261122T131549Z&x-oss-expires=3600&x-oss-security-token=SimulatedToken' +
  '&x-oss-signature=7328b754f3c362693e14c2e0f0c4b99fdd23b758db5a08cfacf034b575a18827';

/** Ten digits more than a double holds, which is why they go in as text. */
const UNKNOWN_TEXT = `"shardCursor":9007199254740993,"quota":{"limit":18446744073709551615,"unit":"bytes"},"previewUrl":${JSON.stringify(UNKNOWN_LINK)}`;

/** The row as JSON text with these faults in it. Always valid JSON: what is wrong is what it says. */
export function damagedRowText(row: object, faults: readonly RowFault[], jobName: string): string {
  let fields: Fields = { ...row };
  for (const fault of faults) fields = damage(fields, fault, jobName);
  const text = JSON.stringify(fields);
  if (!faults.includes('unknownFields')) return text;
  return text === '{}' ? `{${UNKNOWN_TEXT}}` : `${text.slice(0, -1)},${UNKNOWN_TEXT}}`;
}

function damage(fields: Fields, fault: RowFault, jobName: string): Fields {
  const description = textOf(fields['description']);
  switch (fault) {
    case 'unknownFields':
      return fields;
    case 'unknownStatus':
      return { ...fields, status: pickOf([jobName, fault], UNKNOWN_STATUSES) };
    case 'lowerCaseStatus':
      return { ...fields, status: textOf(fields['status']).toLowerCase() };
    case 'absentFields':
      return without(fields, pickOf([jobName, fault], ABSENT));
    case 'wrongTypes':
      return withWrongTypes(fields);
    case 'nulCharacters':
      return { ...fields, description: `before\u0000after ${description}` };
    case 'loneSurrogates':
      return { ...fields, description: `${description} \ud83d`, displayName: '\udc00 half a pair' };
    case 'hugeStrings':
      return { ...fields, description: 'ß'.repeat(HUGE_CHARACTERS) };
    case 'nameless':
      return without(fields, 'name');
    case 'wrongLength':
      return withDetails(fields, ({ fileSize }) =>
        fileSize === undefined ? {} : { fileSize: fileSize + WRONG_BYTES },
      );
    case 'wrongCheckSum':
      return withDetails(fields, ({ checkSum }) =>
        checkSum === undefined ? {} : { checkSum: otherCheckSum(checkSum) },
      );
  }
}

function withWrongTypes(fields: Fields): Fields {
  const details: Partial<DownloadJobRow['executionDetails']> = fieldsOf(fields['executionDetails']);
  const configuration: Partial<DownloadJobRow['configuration']> = fieldsOf(fields['configuration']);
  return {
    ...fields,
    createTime: 'yesterday, about noon',
    executionDetails: { ...details, progress: 'n/a', fileSize: '12 MB', logCount: 1.5 },
    configuration: { ...configuration, fromTime: 'today', powerSql: 'yes', sink: 'none' },
  };
}

type Details = Partial<DownloadJobRow['executionDetails']>;

/** Changes what the job says of its run, where it says it. */
function withDetails(fields: Fields, changes: (details: Details) => Details): Fields {
  const details: Details = fieldsOf(fields['executionDetails']);
  return { ...fields, executionDetails: { ...details, ...changes(details) } };
}

/** Of the same form, with another first digit. */
function otherCheckSum(checkSum: string): string {
  return `${checkSum.startsWith('0') ? '1' : '0'}${checkSum.slice(1)}`;
}

function without(fields: Fields, name: string): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([key]) => key !== name));
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function fieldsOf(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : {};
}
