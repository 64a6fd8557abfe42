import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../src/config/parseConfig.ts';
import { ARCHIVE_INCOMPLETE_REASONS } from '../../src/domain/archiveVisit.ts';
import { FILE_REASONS } from '../../src/domain/exportEnding.ts';
import { INCOMPLETE_REASONS } from '../../src/domain/offsetWalk.ts';
import { LIST_DOUBTS } from '../../src/domain/ownedList.ts';
import { GAP_REASONS } from '../../src/domain/windows.ts';
import { sources } from '../../src/sources/registry.ts';
import { root, textOf } from './deploymentKit.ts';

const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].concat(
  readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
);
const operations = textOf('docs/operations.md');

function sourceText(folder: string): string {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('generated'))
    .map((name) => textOf(join(folder, name)))
    .join('\n');
}

/** Every first group of a pattern in a text, each once, sorted. */
function found(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map((match) => match[1] ?? ''))].toSorted();
}

/** The part of a document below a heading of the second level. */
function section(text: string, heading: string): string {
  const [, rest = ''] = text.split(`\n## ${heading}\n`);
  return rest.split('\n## ')[0] ?? '';
}

describe('the documents', () => {
  it.each(documents)('link only to what is there: %s', (document) => {
    const links = found(textOf(document), /\]\((?!https?:|#)([^)#]+)/g);
    const missing = links.filter((link) => !existsSync(join(root, dirname(document), link)));
    expect(missing).toEqual([]);
  });

  it('explain every incomplete reason, and no other', () => {
    const explained = found(section(operations, 'Incomplete walks'), /^\| `([a-z_]+)`/gm);
    expect(explained.filter((reason) => reason !== 'incomplete_reason')).toEqual(
      [
        ...INCOMPLETE_REASONS,
        ...ARCHIVE_INCOMPLETE_REASONS,
        ...LIST_DOUBTS,
        ...GAP_REASONS,
      ].toSorted(),
    );
  });

  it('explain every reason of a file, and no other', () => {
    const explained = found(section(operations, 'Files'), /^\| `([a-z_]+)`/gm);
    expect(explained).toEqual(FILE_REASONS.toSorted());
  });

  it('list every metric, and no other', () => {
    const listed = found(section(operations, 'Metrics'), /^\| `(logferry_[a-z_]+)/gm);
    expect(listed).toEqual(found(textOf('src/web/metrics.ts'), /'(logferry_[a-z_]+)'/g));
  });

  it('list every log event, and no other', () => {
    const listed = found(section(operations, 'Log'), /`([a-z]+(?:_[a-z]+)+|tick)`/g);
    const logged = found(sourceText('src') + sourceText('workers'), /event: '([a-z_]+)'/g);
    expect(listed).toEqual(logged);
  });

  it('list every kind of error', () => {
    const kinds = found(
      textOf('src/providers/sourceError.ts'),
      /^export type SourceErrorKind = (.*);$/gm,
    );
    expect(found(section(operations, 'Errors'), /^\| `([a-z]+)`/gm)).toEqual(
      found(kinds.join(), /'([a-z]+)'/g),
    );
  });

  it('list every command, and no other', () => {
    const listed = found(
      section(textOf('README.md'), 'Commands'),
      /^\| `([a-z]+)(?: [[<].*?)?` /gm,
    );
    expect(listed).toEqual(found(textOf('src/cli/main.ts'), /\bcommand\(\s*'([a-z]+)'/g));
  });

  it('show a configuration that works', () => {
    const [yaml = ''] = found(textOf('README.md'), /```yaml\n([^]*?)```/g);
    const config = parseConfig({
      text: yaml,
      file: 'README.md',
      env: { HW_AK: 'ak', HW_SK: 'sk' },
      sources,
    });
    expect(config.streams.map((stream) => stream.name)).toEqual([
      'exports',
      'trail',
      'checklogs',
      'runbooks',
      'errors',
    ]);
  });
});
