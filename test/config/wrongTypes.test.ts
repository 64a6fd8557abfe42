import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse as readYaml, stringify } from 'yaml';
import { fullYaml, problemPaths } from './configKit.ts';

interface Leaf {
  readonly path: readonly string[];
  readonly value: unknown;
}

function leavesOf(value: unknown, path: readonly string[] = []): readonly Leaf[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path, value }];
  }
  return Object.entries(value).flatMap(([key, inner]) => leavesOf(inner, [...path, key]));
}

function replaced(value: unknown, path: readonly string[], replacement: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      name === key ? replaced(inner, rest, replacement) : inner,
    ]),
  );
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

const leaves = leavesOf(readYaml(fullYaml));
const wrongFor = (leaf: Leaf): fc.Arbitrary<unknown> =>
  fc
    .oneof(
      fc.constant([]),
      fc.constant([1]),
      fc.constant({}),
      fc.constant({ a: 'b' }),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true, noInteger: true }),
      fc.constant('text'),
    )
    .filter((wrong) => kindOf(wrong) !== kindOf(leaf.value));

describe('the leaves of a configuration', () => {
  it('are many enough to be worth the sweep', () => {
    expect(leaves.length).toBeGreaterThanOrEqual(20);
  });

  it.each(leaves.map((leaf) => [leaf.path.join('.'), leaf] as const))(
    'are found wrong at their own path when of a wrong type: %s',
    (path, leaf) => {
      fc.assert(
        fc.property(wrongFor(leaf), (wrong) => {
          const text = stringify(replaced(readYaml(fullYaml), leaf.path, wrong));
          expect(problemPaths(text)).toContain(path);
        }),
        { numRuns: 25 },
      );
    },
  );
});
