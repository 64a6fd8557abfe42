import { isCollection, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Node, YAMLMap } from 'yaml';
import type { ConfigProblem } from './configError.ts';
import type { ConfigPath } from './configPath.ts';
import { formatPath } from './configPath.ts';
import { syntaxMessageOf } from './yamlSyntax.ts';

/** A place in the file; both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** A YAML file as data that knows where it stands. Immutable: replacing values makes another tree. */
export type YamlNode =
  | { readonly kind: 'map'; readonly at: Position; readonly entries: readonly YamlEntry[] }
  | { readonly kind: 'list'; readonly at: Position; readonly items: readonly YamlNode[] }
  | {
      readonly kind: 'scalar';
      readonly at: Position;
      /** `null` and `undefined`: nothing was given, which is the same as leaving the key out. */
      readonly value: string | number | boolean | null | undefined;
      /** `environment`: text that came from a variable, and may stand for a number or a boolean. */
      readonly from: 'file' | 'environment';
    };

interface YamlEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly value: YamlNode;
}

/**
 * Reads one YAML 1.2 document of mappings, lists and scalars. Anchors, aliases and tags are refused: nothing in this file
 * needs them, and a password that begins with `*`, `&` or `!` would vanish in one.
 */
export function readYaml(text: string): {
  readonly root: YamlNode;
  readonly problems: readonly ConfigProblem[];
} {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    version: '1.2',
  });
  const position = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const problems: ConfigProblem[] = [...document.errors, ...document.warnings].map((error) => ({
    path: '',
    ...position(error.pos[0]),
    message: syntaxMessageOf(error.code),
  }));
  const reader = { position, problems };
  const { contents } = document;
  if (contents === null || (isScalar(contents) && contents.value === null)) {
    return { root: { kind: 'map', at: position(0), entries: [] }, problems };
  }
  const root = readNode(reader, contents, { path: [], offset: 0 });
  return { root, problems };
}

interface Reader {
  readonly position: (offset: number) => Position;
  readonly problems: ConfigProblem[];
}

function readNode(
  reader: Reader,
  node: Node | null,
  place: { readonly path: ConfigPath; readonly offset: number },
): YamlNode {
  const at = reader.position(node?.range?.[0] ?? place.offset);
  const { path } = place;
  if ((isScalar(node) || isCollection(node)) && node.anchor !== undefined) {
    const message =
      'anchors (&name) are not supported; put the value in quotes if it begins with &';
    reader.problems.push({ path: formatPath(path), ...at, message });
  }
  if (isMap(node)) return { kind: 'map', at, entries: readEntries(reader, node, path) };
  if (isSeq(node)) {
    const items = node.items.map((item, index) =>
      readNode(reader, nodeOf(item), { path: [...path, index], offset: node.range?.[0] ?? 0 }),
    );
    return { kind: 'list', at, items };
  }
  if (node === null) return { kind: 'scalar', at, value: null, from: 'file' };
  if (!isScalar(node)) {
    const message =
      'aliases (*name) are not supported; put the value in quotes if it begins with *';
    reader.problems.push({ path: formatPath(path), ...at, message });
    return { kind: 'scalar', at, value: undefined, from: 'file' };
  }
  return { kind: 'scalar', at, value: scalarOf(node.value), from: 'file' };
}

function readEntries(reader: Reader, map: YAMLMap, path: ConfigPath): readonly YamlEntry[] {
  return map.items.flatMap((pair) => {
    const offset = isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : (map.range?.[0] ?? 0);
    const keyAt = reader.position(offset);
    const key = isScalar(pair.key) ? String(pair.key.value) : '';
    // Records made from such a key would lose it without a word.
    if (!isScalar(pair.key) || key === '__proto__' || key === '') {
      reader.problems.push({ path: formatPath(path), ...keyAt, message: 'this key is not a name' });
      return [];
    }
    return [
      { key, keyAt, value: readNode(reader, nodeOf(pair.value), { path: [...path, key], offset }) },
    ];
  });
}

function nodeOf(value: unknown): Node | null {
  return isNode(value) ? value : null;
}

function scalarOf(value: unknown): string | number | boolean | null {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? value
    : null;
}
