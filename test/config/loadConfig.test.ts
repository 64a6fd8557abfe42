import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadConfig } from '../../src/config/loadConfig.ts';
import { sources } from '../../src/sources/registry.ts';
import { fullYaml } from './configKit.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logferry-config-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

const load = (path: string) => loadConfig({ path, env: {}, sources });

async function written(name: string, content: string | Buffer): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, content);
  return path;
}

describe('loadConfig', () => {
  it('reads a file, with or without a byte order mark', async () => {
    const plain = await load(await written('plain.yaml', fullYaml));
    expect(await load(await written('bom.yaml', `\uFEFF${fullYaml}`))).toEqual(plain);
  });

  it('names the file that is not there and how to get one', async () => {
    const path = join(directory, 'none.yaml');
    await expect(load(path)).rejects.toThrow(`${path}: there is no such file; \`logferry init\``);
  });

  it('says that a directory is no file', async () => {
    await expect(load(directory)).rejects.toThrow('is a directory');
  });

  it('says that a file is not text', async () => {
    const path = await written('latin1.yaml', Buffer.from([0x61, 0x3a, 0x20, 0xe9, 0x0a]));
    await expect(load(path)).rejects.toThrow('is not UTF-8 text');
  });

  it('refuses a file too large to be a configuration', async () => {
    const path = await written('large.yaml', '#'.repeat(1024 * 1024 + 1));
    await expect(load(path)).rejects.toThrow('is larger than 1 MiB');
  });

  it('says who may not read a file', async () => {
    const path = await written('closed.yaml', fullYaml);
    await chmod(path, 0o000);
    // The superuser reads every file; then there is nothing to refuse.
    const refused = process.getuid?.() === 0 ? null : await load(path).catch(String);
    expect(refused ?? 'may not be read by this user').toContain('may not be read by this user');
  });
});
