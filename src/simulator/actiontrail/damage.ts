import type { RowFault } from '../faults.ts';
import { pickOf } from '../random.ts';

type Fields = Readonly<Record<string, unknown>>;

const ABSENT = ['TrailName', 'HomeRegion', 'CreatedTime', 'EndTime', 'JobStatus'] as const;
const HUGE_CHARACTERS = 1024 * 1024;
const UNKNOWN_TEXT =
  '"Generation":9007199254740993,"Preview":"https://simulated.oss-cn-hangzhou.aliyuncs.com/events.json?x-oss-expires=3600&x-oss-signature=7328b754"';

/**
 * A row as JSON text, its JobId a number of all its digits, with these faults in it. Always valid JSON: what is wrong is
 * what it says.
 */
export function deliveryRowText(
  row: Fields & { readonly JobId: string },
  faults: readonly RowFault[],
): string {
  const { JobId: id, ...rest } = row;
  const fields = faults.reduce<Fields>((left, fault) => damage(left, fault, id), rest);
  const unknown = faults.includes('unknownFields') ? `,${UNKNOWN_TEXT}` : '';
  const named = faults.includes('nameless')
    ? ''
    : `,"JobId":${faults.includes('wrongTypes') ? `"${id}"` : id}`;
  return `${JSON.stringify(fields).slice(0, -1)}${named}${unknown}}`;
}

function damage(fields: Fields, fault: RowFault, id: string): Fields {
  const trail = typeof fields['TrailName'] === 'string' ? fields['TrailName'] : '';
  switch (fault) {
    case 'unknownFields':
    case 'nameless':
    case 'wrongLength':
    case 'wrongCheckSum':
      return fields;
    case 'unknownStatus':
      return { ...fields, JobStatus: pickOf([id, fault], [4, 7, -1, 2.5]) };
    case 'lowerCaseStatus':
      return { ...fields, JobStatus: String(fields['JobStatus']) };
    case 'absentFields': {
      const absent = pickOf([id, fault], ABSENT);
      return Object.fromEntries(Object.entries(fields).filter(([name]) => name !== absent));
    }
    case 'wrongTypes':
      return {
        ...fields,
        StartTime: 'last spring',
        CreatedTime: 1_619_407_024,
        HomeRegion: ['cn'],
      };
    case 'nulCharacters':
      return { ...fields, TrailName: `before\u0000after ${trail}` };
    case 'loneSurrogates':
      return { ...fields, TrailName: `${trail} \ud83d` };
    case 'hugeStrings':
      return { ...fields, TrailName: 'ß'.repeat(HUGE_CHARACTERS) };
  }
}
