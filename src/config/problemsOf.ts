import { nearestOf } from '../domain/nearest.ts';
import type { ConfigProblem } from './configError.ts';
import type { ConfigPath } from './configPath.ts';
import { formatPath, isSpeakable } from './configPath.ts';
import { expectationOf } from './expectation.ts';
import type { Issue } from './issue.ts';
import { pathOf } from './issue.ts';
import type { JsonSchema } from './jsonSchema.ts';
import { schemasAt } from './schemaWalk.ts';
import { isSecretPath } from './secretKeys.ts';
import { keyPositionAt, nodeAt, plainOf, positionAt } from './treePlaces.ts';
import type { YamlNode } from './yamlTree.ts';

/** What the issues are told against: the file as read, and what it may hold. */
export interface Reading {
  readonly root: YamlNode;
  readonly schema: JsonSchema;
}

/** Says each issue as a problem at its place: what is wrong, and what would be right. No value of the file is quoted. */
export function problemsOf(issues: readonly Issue[], reading: Reading): readonly ConfigProblem[] {
  const plain = plainOf(reading.root);
  return issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => unknownKey([...pathOf(issue), key], reading, plain))
      : [problemOf(issue, reading, plain)],
  );
}

function problemOf(issue: Issue, reading: Reading, plain: unknown): ConfigProblem {
  const path = pathOf(issue);
  const at =
    issue.code === 'invalid_key' || nodeAt(reading.root, path) === null
      ? keyPositionAt(reading.root, path)
      : positionAt(reading.root, path);
  return { path: formatPath(path), ...at, message: messageOf(issue, reading, plain) };
}

function messageOf(issue: Issue, reading: Reading, plain: unknown): string {
  const path = pathOf(issue);
  const [schema = {}] = schemasAt(reading.schema, path, plain);
  const node = nodeAt(reading.root, path);
  const given = node === null ? 'nothing' : kindOf(node);
  if (given === 'nothing' && issue.code !== 'custom') return missingMessage(schema);
  switch (issue.code) {
    case 'invalid_type':
      if (issue.expected === 'string' && (given === 'a number' || given === 'true or false')) {
        return `must be text, not ${given}: put it in quotes`;
      }
      return `must be ${expectationOf(schema) ?? issue.expected}, not ${given}`;
    case 'too_small':
    case 'too_big':
    case 'not_multiple_of':
      return `must be ${expectationOf(schema) ?? 'within its bounds'}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String), reading.root, path);
    case 'invalid_union':
      return 'options' in issue
        ? oneOf(issue.options.map(String), reading.root, path)
        : `must be ${expectationOf(schema) ?? 'one of the accepted forms'}`;
    case 'invalid_format':
      return issue.message.startsWith('Invalid ')
        ? `must be ${expectationOf(schema) ?? `text of the form ${issue.format}`}`
        : issue.message;
    case 'invalid_key':
    case 'invalid_element':
      return issue.issues[0]?.message ?? issue.message;
    case 'unrecognized_keys':
    case 'custom':
      return issue.message;
  }
}

function missingMessage(schema: JsonSchema): string {
  const expectation = expectationOf(schema);
  return [
    'is missing',
    expectation === null ? '' : `; must be ${expectation}`,
    schema.description === undefined ? '' : `. ${schema.description}`,
  ].join('');
}

function unknownKey(path: ConfigPath, reading: Reading, plain: unknown): ConfigProblem {
  const key = String(path.at(-1));
  const known = schemasAt(reading.schema, path.slice(0, -1), plain).flatMap((schema) =>
    Object.keys(schema.properties ?? {}),
  );
  const all = [...new Set(known)];
  const near = nearestOf(key, all);
  const right = near === null ? `known here: ${all.join(', ')}` : `did you mean ${near}?`;
  const space = isSpeakable(key) || !key.includes(':') ? '' : ' (a space after ":" is missing)';
  return {
    path: formatPath(path),
    ...keyPositionAt(reading.root, path),
    message: `unknown key${space}; ${right}`,
  };
}

function oneOf(values: readonly string[], root: YamlNode, path: ConfigPath): string {
  const node = nodeAt(root, path);
  const text = node?.kind === 'scalar' && typeof node.value === 'string' ? node.value : null;
  const near = text === null || isSecretPath(path) ? null : nearestOf(text, values);
  const list = values.length === 1 ? values.join('') : `one of ${values.join(', ')}`;
  return `must be ${list}${near === null || values.length === 1 ? '' : `; did you mean ${near}?`}`;
}

function kindOf(node: YamlNode): string {
  switch (node.kind) {
    case 'map':
      return 'a mapping';
    case 'list':
      return 'a list';
    case 'scalar':
      return SCALAR_KINDS.get(typeof node.value) ?? 'nothing';
  }
}

const SCALAR_KINDS = new Map([
  ['string', 'text'],
  ['number', 'a number'],
  ['boolean', 'true or false'],
]);
