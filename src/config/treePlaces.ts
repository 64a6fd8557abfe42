import type { ConfigPath } from './configPath.ts';
import type { Position, YamlNode } from './yamlTree.ts';

/** The tree as plain data; what was not given is `undefined`, so that its key is still seen. */
export function plainOf(node: YamlNode): unknown {
  switch (node.kind) {
    case 'map':
      return Object.fromEntries(node.entries.map((entry) => [entry.key, plainOf(entry.value)]));
    case 'list':
      return node.items.map(plainOf);
    case 'scalar':
      return node.value ?? undefined;
  }
}

/** The node at a path, null when the file has none there. */
export function nodeAt(root: YamlNode, path: ConfigPath): YamlNode | null {
  let node: YamlNode | null = root;
  for (const part of path) {
    node = node === null ? null : childOf(node, part);
  }
  return node;
}

/** Where a value stands; for one that is missing, the key of the nearest mapping that should hold it. */
export function positionAt(root: YamlNode, path: ConfigPath): Position {
  const node = nodeAt(root, path);
  if (node !== null && (node.kind !== 'scalar' || (node.value ?? null) !== null)) return node.at;
  return keyPositionAt(root, path);
}

/** Where the key of a value stands, or that of the nearest mapping around it. */
export function keyPositionAt(root: YamlNode, path: ConfigPath): Position {
  for (let length = path.length; length > 0; length -= 1) {
    const parent = nodeAt(root, path.slice(0, length - 1));
    if (parent?.kind !== 'map') continue;
    const entry = parent.entries.find((candidate) => candidate.key === path[length - 1]);
    if (entry !== undefined) return entry.keyAt;
  }
  return root.at;
}

/**
 * Values from the environment are text. At the given paths they are read as the number or boolean they spell; other
 * values stay as they are.
 */
export function retypeAt(root: YamlNode, paths: readonly ConfigPath[]): YamlNode {
  return paths.reduce((tree, path) => retypeOne(tree, path), root);
}

function retypeOne(node: YamlNode, path: ConfigPath): YamlNode {
  const [part, ...rest] = path;
  switch (node.kind) {
    case 'map':
      return {
        ...node,
        entries: node.entries.map((entry) =>
          entry.key === part ? { ...entry, value: retypeOne(entry.value, rest) } : entry,
        ),
      };
    case 'list':
      return {
        ...node,
        items: node.items.map((item, index) => (index === part ? retypeOne(item, rest) : item)),
      };
    case 'scalar':
      return part === undefined && node.from === 'environment' && typeof node.value === 'string'
        ? { ...node, value: spelled(node.value) }
        : node;
  }
}

function spelled(text: string): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^-?\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : text;
}

function childOf(node: YamlNode, part: string | number): YamlNode | null {
  if (node.kind === 'list') return typeof part === 'number' ? (node.items[part] ?? null) : null;
  if (node.kind === 'scalar') return null;
  return node.entries.find((entry) => entry.key === part)?.value ?? null;
}
