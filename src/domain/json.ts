/** JSON as LogFerry holds it: integers beyond 2^53 are `bigint`, never rounded (http/json.ts parses them so). */
export type JsonValue =
  null | boolean | number | bigint | string | readonly JsonValue[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
