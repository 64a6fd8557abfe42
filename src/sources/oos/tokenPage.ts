import { sampleOf } from '../../domain/fields.ts';
import { isJsonObject, type JsonValue } from '../../domain/json.ts';
import type { TokenPage } from '../source.ts';

const pageFields = ['NextToken', 'RequestId', 'IsTruncated', 'MaxResults', 'TotalCount'];

/**
 * Reads the answer of a List API of OOS: the entries of its field `list`, and where it goes on.
 * @returns null when the body is no such answer
 */
export function readTokenPage<Entry>(
  body: JsonValue,
  { list, read }: { readonly list: string; readonly read: (entry: JsonValue) => Entry },
): TokenPage<Entry> | null {
  if (!isJsonObject(body)) return null;
  const entries = body[list];
  const token = body['NextToken'] ?? null;
  const truncated = body['IsTruncated'];
  if (token !== null && typeof token !== 'string') return null;
  // A page without the list is imaginable when it is empty and knows its place.
  const isBare = entries == null && (token !== null || body['MaxResults'] !== undefined);
  if (!Array.isArray(entries) && !isBare) return null;
  return {
    entries: Array.isArray(entries) ? entries.map((entry: JsonValue) => read(entry)) : [],
    nextToken: token === '' ? null : token,
    truncated: typeof truncated === 'boolean' ? truncated : null,
    drift: Object.entries(body)
      .filter(([field]) => field !== list && !pageFields.includes(field))
      .map(([path, value]) => ({ path, kind: 'unknown_field' as const, sample: sampleOf(value) })),
  };
}
