import { describe, expect, it } from '@jest/globals';
import { runSchema } from '../../src/cli/schema.ts';
import { configJsonSchema } from '../../src/config/jsonSchema.ts';
import { sources } from '../../src/sources/registry.ts';

describe('logferry schema', () => {
  it('prints the JSON Schema as one JSON document', () => {
    const lines: string[] = [];
    const code = runSchema({ sources, out: (line) => lines.push(line) });
    expect(code).toBe(0);
    expect(JSON.parse(lines.join('\n'))).toEqual(
      JSON.parse(JSON.stringify(configJsonSchema(sources))),
    );
  });
});
