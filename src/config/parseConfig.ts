import type { Source } from '../sources/source.ts';
import { checkConfig } from './checkConfig.ts';
import type { Checked } from './checkConfig.ts';
import type { Config } from './config.ts';
import { ConfigError } from './configError.ts';
import type { ConfigProblem } from './configError.ts';
import type { Environment } from './environment.ts';
import { fillFromEnvironment } from './environment.ts';
import { pathOf } from './issue.ts';
import { bareJsonSchema } from './jsonSchema.ts';
import { problemsOf } from './problemsOf.ts';
import { plainOf, retypeAt } from './treePlaces.ts';
import type { YamlNode } from './yamlTree.ts';
import { readYaml } from './yamlTree.ts';

/**
 * Reads the text of a configuration file.
 * @throws ConfigError with every problem at once; a file that is not YAML is not looked into further
 */
export function parseConfig(input: {
  readonly text: string;
  /** Names the file in messages. */
  readonly file: string;
  readonly env: Environment;
  readonly sources: readonly Source[];
}): Config {
  const { text, file, env, sources } = input;
  const yaml = readYaml(text);
  if (yaml.problems.length > 0) throw new ConfigError(file, inOrder(yaml.problems));

  const filled = fillFromEnvironment(yaml.root, env);
  const { root, checked } = checkTyped(filled.root, sources);
  if (checked.ok && filled.problems.length === 0) return checked.config;

  const told = checked.ok
    ? []
    : problemsOf(checked.issues, { root, schema: bareJsonSchema(sources) });
  throw new ConfigError(file, inOrder(onePerPlace([...filled.problems, ...told])));
}

/** Checks the file; where text from the environment stands for a number or a boolean, once more with those read. */
function checkTyped(
  root: YamlNode,
  sources: readonly Source[],
): { readonly root: YamlNode; readonly checked: Checked } {
  const checked = checkConfig(plainOf(root), sources);
  if (checked.ok) return { root, checked };
  const notText = checked.issues.filter(
    (issue) => issue.code === 'invalid_type' && issue.expected !== 'string',
  );
  const retyped = retypeAt(root, notText.map(pathOf));
  return { root: retyped, checked: checkConfig(plainOf(retyped), sources) };
}

/** The first problem of a place is its cause: a variable that is not set comes before "is missing". */
function onePerPlace(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  const first = new Map<string, ConfigProblem>();
  for (const problem of problems) {
    const place = [problem.path, problem.line, problem.column].join(':');
    if (!first.has(place)) first.set(place, problem);
  }
  return [...first.values()];
}

function inOrder(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return problems.toSorted(
    (a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0),
  );
}
