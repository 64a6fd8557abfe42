import type { JsonValue } from './json.ts';

/** One text for equal values, whatever the order of their fields; integers beyond 2^53 with every digit. */
export function canonicalJson(value: JsonValue): string {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  let text = '{';
  for (const name of Object.keys(value).sort()) {
    text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${canonicalJson(value[name] ?? null)}`;
  }
  return `${text}}`;
}

function isArray(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
