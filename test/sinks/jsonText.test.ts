import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { JsonValue } from '../../src/domain/json.ts';
import { storableJson } from '../../src/domain/storable.ts';
import { jsonText, parseJsonText } from '../../src/sinks/jsonText.ts';

const json = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<JsonValue>(null, true, 1.5, -0.25, 1e300),
    fc.integer(),
    fc.bigInt().filter((n) => n > 2n ** 53n || n < -(2n ** 53n)),
    fc.string({
      unit: fc.constantFrom('\0', '\uD83D', '\uDE00', '\\', '"', 'u0000', 'd800', 'a', '\n'),
    }),
    fc.array(tie('value')),
    fc.dictionary(fc.constantFrom('a', '__proto__', '\0', '\\u0000'), tie('value')),
  ),
})).value;

describe('JSON text', () => {
  it('reads back as the storable value it was written from, digit by digit', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(parseJsonText(jsonText(value))).toEqual(storableJson(value));
      }),
    );
  });

  it('never escapes what jsonb refuses', () => {
    fc.assert(
      fc.property(json, (value) => {
        // An even number of backslashes before it makes the `u` a plain letter.
        expect(jsonText(value)).not.toMatch(/(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/);
      }),
    );
  });
});
