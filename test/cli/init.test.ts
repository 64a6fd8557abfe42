import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { runInit } from '../../src/cli/init.ts';
import { UsageError } from '../../src/cli/usageError.ts';
import { loadConfig } from '../../src/config/loadConfig.ts';
import { sources } from '../../src/sources/registry.ts';

let directory: string;
let path: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logferry-init-'));
  path = join(directory, 'logferry.yaml');
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

async function init(target: string, force: 'force' | 'keep') {
  const lines: string[] = [];
  const out = (line: string) => lines.push(line);
  const code = await runInit({ path: target, force: force === 'force', out });
  return { code, said: lines.join('\n') };
}

describe('logferry init', () => {
  it('writes a file that only its owner reads and that parses as it stands', async () => {
    const { code, said } = await init(path, 'keep');
    expect(code).toBe(0);
    expect(said).toContain('logferry check');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const config = await loadConfig({ path, env: {}, sources });
    expect(config.streams.map((stream) => stream.name)).toEqual(['exports']);
    expect(config).toMatchObject({ database: { url: null }, queue: { url: null } });
  });

  it('writes a file that parses when its variables are set', async () => {
    await init(path, 'keep');
    const env = {
      DATABASE_URL: 'postgresql://u:p@db/logferry',
      REDIS_URL: 'redis://cache:6379',
      LOGFERRY_WEB_PASSWORD: 'secret',
    };
    const config = await loadConfig({ path, env, sources });
    expect([config.database.url, config.queue.url, config.web.password]).toEqual(
      Object.values(env),
    );
  });

  it('leaves a file that is there as it is', async () => {
    await writeFile(path, 'mine');
    await expect(init(path, 'keep')).rejects.toThrow('--force replaces it');
    await expect(init(path, 'keep')).rejects.toBeInstanceOf(UsageError);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('replaces it with --force, for its owner only, and leaves nothing else behind', async () => {
    await writeFile(path, 'mine', { mode: 0o644 });
    expect((await init(path, 'force')).code).toBe(0);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readFile(path, 'utf8')).toContain('streams:');
    expect(await readdir(directory)).toEqual(['logferry.yaml']);
  });

  it.each(['force', 'keep'] as const)(
    'says in one line that a directory is missing (%s)',
    async (force) => {
      await expect(init(join(directory, 'none', 'logferry.yaml'), force)).rejects.toThrow(
        /^[^\n]*its directory does not exist; create it first$/,
      );
    },
  );

  it('does not replace a directory', async () => {
    await mkdir(path);
    await expect(init(path, 'force')).rejects.toThrow('this is a directory');
    expect((await stat(path)).isDirectory()).toBe(true);
  });
});
