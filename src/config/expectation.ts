import type { JsonSchema } from './jsonSchema.ts';

/** What a JSON Schema asks for, in words that go on after "must be". null when it says nothing that can be said. */
export function expectationOf(schema: JsonSchema): string | null {
  if (schema.const !== undefined) return String(schema.const);
  if (schema.enum !== undefined) return `one of ${schema.enum.map(String).join(', ')}`;
  switch (schema.type) {
    case 'integer':
      return `a whole number${rangeOf(schema)}`;
    case 'number':
      return `a number${rangeOf(schema)}`;
    case 'boolean':
      return 'true or false';
    case 'string':
      return schema.minLength === undefined ? 'text' : 'text that is not empty';
    case 'array':
      return schema.minItems === undefined ? 'a list' : 'a list that is not empty';
    case 'object':
      return 'a mapping of keys to values';
    case 'null':
    case undefined:
    default:
      return null;
  }
}

function rangeOf({ minimum, maximum }: JsonSchema): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return `, ${minimum} or more`;
  return maximum === undefined ? '' : `, ${maximum} or less`;
}
