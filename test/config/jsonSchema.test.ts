import { describe, expect, it } from '@jest/globals';
import { parse as readYaml } from 'yaml';
import { z } from 'zod';
import { bareJsonSchema, configJsonSchema } from '../../src/config/jsonSchema.ts';
import type { JsonSchema } from '../../src/config/jsonSchema.ts';
import { starterYaml } from '../../src/config/starter.ts';
import { sources } from '../../src/sources/registry.ts';
import { fullYaml } from './configKit.ts';

const schema = configJsonSchema(sources);
const accepts = (yaml: string): boolean =>
  z.fromJSONSchema(schema).safeParse(readYaml(yaml)).success;

/** The streams and accounts of the sources that exist, as the design writes them. */
const designYaml = `
database: { url: "\${DATABASE_URL}" }
queue:    { url: "\${REDIS_URL}" }
web:      { host: 127.0.0.1, port: 8080, username: ops, password: "\${LOGFERRY_WEB_PASSWORD}" }
accounts:
  prod:
    provider: aliyun
    region: cn-hangzhou
    credentials: { type: default }
    endpoints: { sls: "https://{project}.{region}.log.aliyuncs.com" }
streams:
  exports: { source: aliyun.sls.download_jobs, account: prod, project: big-game, schedule: "* * * * *", pageSize: 100, download: true }
`;

interface Leaf {
  readonly path: string;
  readonly schema: JsonSchema;
}

function partsOf(part: JsonSchema, path: string): readonly Leaf[] {
  const properties = Object.entries(part.properties ?? {}).flatMap(([key, inner]) =>
    typeof inner === 'object'
      ? [{ path: `${path}.${key}`, schema: inner }, ...partsOf(inner, `${path}.${key}`)]
      : [],
  );
  const others = [part.additionalProperties, ...(part.oneOf ?? []), ...(part.anyOf ?? [])];
  return [
    ...properties,
    ...others.flatMap((inner) => (typeof inner === 'object' ? partsOf(inner, `${path}.*`) : [])),
  ];
}

describe('the JSON Schema of the configuration', () => {
  it.each([
    ['the starter file', starterYaml],
    ["the design's example", designYaml],
    ['a file that uses every key', fullYaml],
  ])('accepts %s', (_name, yaml) => {
    expect(accepts(yaml)).toBe(true);
  });

  it.each([
    ['an unknown key', fullYaml.replace('port:', 'prot:')],
    ['an unknown source', fullYaml.replace('sls.download_jobs', 'sls.nothing')],
    ['a stream name with capitals', fullYaml.replace('  exports:', '  Exports:')],
    ['a page size below its bound', fullYaml.replace('pageSize: 100', 'pageSize: 0')],
    ['a missing project', fullYaml.replace('    project: big-game\n', '')],
    ['no streams', fullYaml.slice(0, fullYaml.indexOf('streams:'))],
  ])('refuses %s', (_name, yaml) => {
    expect(accepts(yaml)).toBe(false);
  });

  it('takes a variable where a number, a duration or a choice stands', () => {
    const yaml = fullYaml
      .replace('port: 8080', 'port: "${PORT:-8080}"')
      .replace('pageSize: 100', 'pageSize: "${SIZE}"')
      .replace('requeueEvery: 90s', 'requeueEvery: "${EVERY}"')
      .replace('level: debug', 'level: "${LEVEL:-info}"');
    expect(accepts(yaml)).toBe(true);
  });

  it('describes every key that is not a constant', () => {
    const parts = partsOf(bareJsonSchema(sources), '');
    expect(parts.length).toBeGreaterThan(30);
    expect(
      parts
        .filter((part) => part.schema.description === undefined && part.schema.const === undefined)
        .map((part) => part.path),
    ).toEqual([]);
  });

  it('closes every mapping to unknown keys, those of the sources too', () => {
    const open = partsOf(bareJsonSchema(sources), '').filter(
      (part) => part.schema.properties !== undefined && part.schema.additionalProperties !== false,
    );
    expect(open).toEqual([]);
  });
});
