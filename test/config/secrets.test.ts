import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ConfigError, configErrorLines } from '../../src/config/configError.ts';
import { bareJsonSchema } from '../../src/config/jsonSchema.ts';
import type { JsonSchema } from '../../src/config/jsonSchema.ts';
import { isSecretPath } from '../../src/config/secretKeys.ts';
import { sources } from '../../src/sources/registry.ts';
import { fullYaml, parse } from './configKit.ts';

const secret = 'Sentinel4711';

/** Lines that hold a secret, and spoilt forms of them. */
const secretLines = [
  'password: hunter2hunter2',
  'accessKeyId: keyid-sentinel',
  'accessKeySecret: keysecret-sentinel',
  'url: postgresql://logferry:pw@db:5432/logferry',
  'url: rediss://:pw@redis:6379/0',
] as const;
const spoilt = (line: string): fc.Arbitrary<string> => {
  const key = line.slice(0, line.indexOf(':'));
  return fc.constantFrom(
    `${key}:${secret}`,
    `${key}: [${secret}]`,
    `${key}: { ${secret}: 1 }`,
    `${key}: { a:${secret} }`,
    `${key}: *${secret}`,
    `${key}: !${secret} x`,
    `${key}: @${secret}`,
    `${key}: "${secret}`,
    `${key}: "${secret}\\q"`,
    `${key}: x: ${secret}`,
    `${key}: "\${X:-${secret}}"`,
    `${key}: "\${${secret}"`,
    `${key}: http://u:${secret}@h`,
    `${key}: postgres://u:${secret}#@h`,
    `${key} : ${secret}\n  ${key} : ${secret}`,
    `${key}x: ${secret}`,
    `${secret}: ${key}`,
  );
};

function answer(text: string): string {
  try {
    parse(text);
    return '';
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [error.message, ...configErrorLines(error), JSON.stringify(error), error.stack].join(
      '\n',
    );
  }
}

describe('secrets of a configuration', () => {
  it('stand in no error, however the file is spoilt', () => {
    const cases = fc
      .constantFrom(...secretLines)
      .chain((line) => fc.tuple(fc.constant(line), spoilt(line)))
      // A secret in the place of a key is only withheld when it does not look like a name.
      .filter(([, bad]) => !bad.startsWith(`${secret}:`) && !bad.includes(`{ ${secret}:`));
    fc.assert(
      fc.property(cases, fc.boolean(), ([line, bad], spoilMore) => {
        const text = fullYaml
          .replace(line, bad)
          .replace('region:', spoilMore ? 'regoin:' : 'region:');
        expect(answer(text)).not.toContain(secret);
      }),
      { numRuns: 300 },
    );
  });

  it('include every key of the file that sounds like one', () => {
    const suspects = keysOf(bareJsonSchema(sources)).filter((key) =>
      /pass|secret|token|accesskey/i.test(key),
    );
    const told = suspects.filter((key) => !/file|path/i.test(key));
    expect(told).toContain('accessKeySecret');
    expect(told.filter((key) => !isSecretPath([key]))).toEqual([]);
  });
});

function keysOf(schema: JsonSchema): readonly string[] {
  const inner = [
    ...Object.entries(schema.properties ?? {}).map(([, part]) => part),
    schema.additionalProperties,
    ...(schema.oneOf ?? []),
    ...(schema.anyOf ?? []),
  ].filter((part) => typeof part === 'object');
  return [...Object.keys(schema.properties ?? {}), ...inner.flatMap(keysOf)];
}
