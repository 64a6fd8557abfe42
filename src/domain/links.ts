import { isJsonObject, type JsonValue } from './json.ts';

export const WITHHELD = '[withheld]';

// The query of a link that carries its own permission. Names as in the links of object stores (reference 3.1).
const signedQuery =
  /\?[^\s"'<>]*(?:signature|x-oss-|x-amz-|expires|security-token|accesskeyid)[^\s"'<>]*/gi;

/** Withholds the query of every pre-signed link inside a JSON value, wherever it stands: whoever has it can read the file (P8). */
export function withholdLinks(value: JsonValue): JsonValue {
  if (typeof value === 'string') return withholdInText(value);
  if (Array.isArray(value)) return value.map(withholdLinks);
  if (isJsonObject(value)) {
    return Object.fromEntries(
      Object.entries(value).map(([field, inner]) => [withholdInText(field), withholdLinks(inner)]),
    );
  }
  return value;
}

/** The same for one text. */
export function withholdInText(text: string): string {
  return text.includes('?') ? text.replace(signedQuery, `?${WITHHELD}`) : text;
}
