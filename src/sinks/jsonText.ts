import { isInteger, isSafeNumber, parse, stringify } from 'lossless-json';
import type { JsonValue } from '../domain/json.ts';
import { storableJson } from '../domain/storable.ts';

// How JSON.stringify writes a NUL character and half of a surrogate pair; also hit by a harmless `\\u0000`.
const suspicious = /\\u(?:0000|d[89a-f])/;

/** The JSON text of a value as jsonb can hold it: every digit of a bigint, no NUL character, no half surrogate pair. */
export function jsonText(value: JsonValue): string {
  const text = plainText(value);
  if (text === null) return losslessText(storableJson(value));
  // Hardly any text holds a `\u` at all, and `includes` is the faster look.
  const isSuspicious = text.includes('\\u') && suspicious.test(text);
  return isSuspicious ? losslessText(storableJson(value)) : text;
}

/** The fast way, for nearly all; null when there is a bigint (JSON.stringify refuses it with a TypeError). */
function plainText(value: JsonValue): string | null {
  try {
    return JSON.stringify(value);
  } catch {
    return null; // losslessText tells a real fault
  }
}

function losslessText(value: JsonValue): string {
  const text = stringify(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
}

/** Reads back what jsonText wrote: integers beyond 2^53 as bigint. */
export function parseJsonText(text: string): JsonValue {
  return parse(text, undefined, numberOf) as JsonValue;
}

function numberOf(text: string): number | bigint {
  return isInteger(text) && !isSafeNumber(text) ? BigInt(text) : Number(text);
}
