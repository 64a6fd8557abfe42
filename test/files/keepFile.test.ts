import {
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { keepFile } from '../../src/files/keepFile.ts';
import { withFetched } from './fetched.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'logferry-kept-'));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

const keep = (
  content: string | Buffer,
  name = 'b.csv',
  folders: readonly string[] = ['prod', 'exports'],
) => withFetched(Buffer.from(content), (file) => keepFile(file, { directory, folders, name }));

const below = (...parts: readonly string[]) => join(directory, ...parts);

describe('keepFile', () => {
  it('copies the bytes into folders that it makes, closed to others', async () => {
    const path = await keep('one');
    expect(path).toBe(below('prod', 'exports', 'b.csv'));
    expect(await readFile(path, 'utf8')).toBe('one');
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(below('prod'))).mode & 0o777).toBe(0o700);
  });

  it('copies a file larger than what is read at a time, byte for byte', async () => {
    const bytes = Buffer.alloc(2_500_000, 'some text, ');
    expect((await readFile(await keep(bytes))).equals(bytes)).toBe(true);
  });

  it('copies an empty file', async () => {
    expect(await readFile(await keep(''), 'utf8')).toBe('');
  });

  it('leaves the same bytes alone when they are kept already', async () => {
    const path = await keep('one');
    const long = new Date('2020-01-01');
    await utimes(path, long, long);
    expect(await keep('one')).toBe(path);
    expect((await stat(path)).mtime).toEqual(long);
    expect(await readdir(below('prod', 'exports'))).toEqual(['b.csv']);
  });

  it('never takes the place of other bytes: the name gets digits of the checksum', async () => {
    const [one, two, three] = [await keep('one'), await keep('two'), await keep('333')];
    // printf two | sha256sum
    expect(two).toBe(below('prod', 'exports', 'b-3fc4ccfe7458.csv'));
    const contents = await Promise.all([one, two, three].map((path) => readFile(path, 'utf8')));
    expect(contents).toEqual(['one', 'two', '333']);
    expect([await keep('two'), await keep('one')]).toEqual([two, one]);
    expect(await readdir(below('prod', 'exports'))).toHaveLength(3);
  });

  it('fails where other bytes stand under both names, and leaves them and nothing else', async () => {
    await keep('one');
    const taken = await keep('two');
    await writeFile(taken, 'somebody else’s');
    await expect(keep('two')).rejects.toThrow('other files stand in');
    expect(await readFile(taken, 'utf8')).toBe('somebody else’s');
    expect((await readdir(below('prod', 'exports'))).toSorted()).toEqual([
      'b-3fc4ccfe7458.csv',
      'b.csv',
    ]);
  });

  it('does not write through a link, nor into a folder of that name', async () => {
    await mkdir(below('prod', 'exports', 'c.csv'), { recursive: true });
    await symlink(below('target'), below('prod', 'exports', 'b.csv'));
    expect(await keep('one')).toBe(below('prod', 'exports', 'b-7692c3ad3540.csv'));
    expect(await keep('one', 'c.csv')).toBe(below('prod', 'exports', 'c-7692c3ad3540.csv'));
    await expect(stat(below('target'))).rejects.toThrow('ENOENT');
  });

  it('stays inside its directory, whatever the names', async () => {
    const path = await keep('one', '../../passwd', ['..', '/etc', '']);
    expect(path.startsWith(`${directory}/`)).toBe(true);
    expect(await readFile(path, 'utf8')).toBe('one');
    expect(await readdir(directory)).toHaveLength(1);
  });

  it('leaves nothing behind when the copy fails', async () => {
    const gone = withFetched(Buffer.from('one'), (file) =>
      keepFile({ ...file, bytes: 4 }, { directory, folders: [], name: 'b.csv' }),
    );
    await expect(gone).rejects.toThrow('ends at byte 3 of 4');
    expect(await readdir(directory)).toEqual([]);
  });

  it('removes what a killed process left a day ago, and not what another is writing', async () => {
    await mkdir(below('prod', 'exports'), { recursive: true });
    const [old, fresh] = ['.logferry-old.part', '.logferry-fresh.part'];
    for (const name of [old, fresh]) await writeFile(below('prod', 'exports', name), 'half');
    await utimes(below('prod', 'exports', old), new Date('2020-01-01'), new Date('2020-01-01'));
    await keep('one');
    expect((await readdir(below('prod', 'exports'))).toSorted()).toEqual([fresh, 'b.csv']);
  });

  it('keeps one whole copy of each content when many are kept at once', async () => {
    const contents = ['one', 'two', 'one', 'two', 'one'];
    const paths = await Promise.all(contents.map((content) => keep(content)));
    const read = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
    expect(read).toEqual(contents);
  });
});
