import type { ConfigProblem } from './configError.ts';
import type { ConfigPath } from './configPath.ts';
import { formatPath } from './configPath.ts';
import { isSecretPath, isUrlPath } from './secretKeys.ts';
import type { YamlNode } from './yamlTree.ts';

/** Environment variables by name; passed in, never read here. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a variable that is not set means the same as leaving the key out: no database, no queue, no password. */
const OPTIONAL_PATHS: readonly string[] = ['database.url', 'queue.url', 'web.password'];

const REFERENCE = /\$\$\{|\$\{([^}]*)(\}?)/g;
const INSIDE = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([^]*))?$/;
const WHOLE = /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/;

/**
 * Fills in `${VAR}` and `${VAR:-default}` (used when VAR is unset or empty) in the scalar values of a parsed file; `$${`
 * stands for a literal `${`. Values are put into finished scalars, so no value can add YAML. Keys stay as they are.
 */
export function fillFromEnvironment(
  root: YamlNode,
  env: Environment,
): { readonly root: YamlNode; readonly problems: readonly ConfigProblem[] } {
  const problems: ConfigProblem[] = [];
  const fill = (node: YamlNode, path: ConfigPath): YamlNode => {
    switch (node.kind) {
      case 'map': {
        const entries = node.entries.map((entry) => ({
          ...entry,
          value: fill(entry.value, [...path, entry.key]),
        }));
        return { ...node, entries };
      }
      case 'list':
        return { ...node, items: node.items.map((item, index) => fill(item, [...path, index])) };
      case 'scalar': {
        if (typeof node.value !== 'string' || !node.value.includes('${')) return node;
        const filled = fillText(node.value, { path, env });
        for (const message of filled.wrong) {
          problems.push({ path: formatPath(path), ...node.at, message });
        }
        return { ...node, value: filled.text, from: 'environment' };
      }
    }
  };
  return { root: fill(root, []), problems };
}

function fillText(
  text: string,
  place: { readonly path: ConfigPath; readonly env: Environment },
): { readonly text: string | undefined; readonly wrong: readonly string[] } {
  const [, whole] = WHOLE.exec(text) ?? [];
  const leftOut = whole !== undefined && OPTIONAL_PATHS.includes(place.path.join('.'));
  if (leftOut && place.env[whole] === undefined) return { text: undefined, wrong: [] };

  const wrong: string[] = [];
  const filled = text.replace(REFERENCE, (match: string, inside?: string, close?: string) => {
    if (inside === undefined) return '${';
    const [, name, fallback] = INSIDE.exec(inside) ?? [];
    if (name === undefined || close !== '}' || fallback?.includes('${') === true) {
      wrong.push('must be ${VAR} or ${VAR:-default}; write $${ for a literal ${');
      return match;
    }
    if (fallback !== undefined && isSecretDefault(fallback, place.path)) {
      wrong.push(`a secret has no default: use \${${name}} and set ${name} in the environment`);
    }
    const value = place.env[name];
    if (fallback !== undefined) return value === undefined || value === '' ? fallback : value;
    if (value === undefined) {
      const orDefault = isSecretPath(place.path) ? '' : `, or use \${${name}:-default}`;
      wrong.push(`the environment variable ${name} is not set; set it${orDefault}`);
    }
    return value ?? '';
  });
  return { text: filled, wrong };
}

/** An empty default is no secret: it says the same as leaving the key out. */
function isSecretDefault(fallback: string, path: ConfigPath): boolean {
  if (fallback === '') return false;
  return isSecretPath(path) || (isUrlPath(path) && /:\/\/[^/@]*:[^/@]+@/.test(fallback));
}
