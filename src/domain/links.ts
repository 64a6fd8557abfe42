import { isJsonObject, type JsonValue } from './json.ts';

export const WITHHELD = '[withheld]';

// What follows a question mark, up to where no link can go on. Searched once from end to end: a pattern for both, the query and the names
// in it, would begin anew at each question mark of a long run of them.
const query = /\?[^\s"'<>]*/g;
// Names in the query of a link that carries its own permission, as in the links of OSS, S3 and OBS (their pages on signed URLs).
const permission = /signature|x-oss-|x-amz-|expires|security-token|accesskeyid/i;

/**
 * Withholds the query of every pre-signed link inside a JSON value, wherever it stands: whoever has it can read the file (P8).
 * A value without links comes back as the same object: nearly every value is one.
 */
export function withholdLinks(value: JsonValue): JsonValue {
  return hasLink(value) ? withhold(value) : value;
}

function hasLink(value: JsonValue): boolean {
  if (typeof value === 'string') return mayHoldLink(value);
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasLink);
  for (const [field, inner] of Object.entries(value)) {
    if (mayHoldLink(field) || hasLink(inner)) return true;
  }
  return false;
}

function withhold(value: JsonValue): JsonValue {
  if (typeof value === 'string') return withholdInText(value);
  if (Array.isArray(value)) return value.map(withhold);
  if (isJsonObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([field, inner]) => [withholdInText(field), withhold(inner)]),
    );
  }
  return value;
}

function mayHoldLink(text: string): boolean {
  return text.includes('?');
}

/** The same for one text. */
export function withholdInText(text: string): string {
  if (!mayHoldLink(text)) return text;
  return text.replace(query, (found) => (permission.test(found) ? `?${WITHHELD}` : found));
}
