import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { sources } from '../../src/sources/registry.ts';

const root = new URL('../../', import.meta.url);
const notSources = ['registry.ts', 'source.ts', 'durationSchema.ts', 'windowListing.ts'];
const files = readdirSync(new URL('src/sources/', root)).filter(
  (file) => file.endsWith('.ts') && !notSources.includes(file),
);
const registry = readFileSync(new URL('src/sources/registry.ts', root), 'utf8');
const migrations = readdirSync(new URL('prisma/migrations/', root), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => new URL(`prisma/migrations/${entry.name}/migration.sql`, root))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

describe('a source', () => {
  it('is one file each', () => {
    expect(files).toHaveLength(sources.length);
  });

  it.each(files)('%s has a line in the registry', (file) => {
    expect(registry).toContain(`'./${file}'`);
  });

  it.each(files)('%s has a test of its own', (file) => {
    const test = new URL(`test/sources/${file.replace(/\.ts$/, '.test.ts')}`, root);
    expect(existsSync(test)).toBe(true);
  });

  it.each(sources.map((source) => [source.id, source] as const))(
    '%s has a table with every column it fills',
    (_id, source) => {
      const [, body = ''] =
        new RegExp(`create table ${source.table.name} \\(\\n(.*?)\\n\\)`, 's').exec(migrations) ??
        [];
      const columns = body.split('\n').map((line) => line.trim().split(' ')[0]);
      expect(columns).toEqual(expect.arrayContaining(Object.keys(source.table.columns)));
    },
  );

  it('is named provider.product.listing, once', () => {
    const ids = sources.map((source) => source.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^(aliyun|huawei)\.[a-z_]+\.[a-z_]+$/.test(id))).toEqual([]);
  });
});
