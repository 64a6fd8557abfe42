import type { z } from 'zod';
import type { ConfigPath } from './configPath.ts';

/** What a schema found wrong with the data of the file. */
export type Issue = z.core.$ZodIssue;

/** Where in the file. */
export function pathOf(issue: Issue): ConfigPath {
  return issue.path.map((part) => (typeof part === 'symbol' ? part.toString() : part));
}

/** An issue of this message at this path. */
export function issueAt(path: ConfigPath, message: string): Issue {
  return { code: 'custom', path: [...path], message };
}

/** The same issues, their paths taken as beginning below `path`. */
export function issuesBelow(path: ConfigPath, issues: readonly Issue[]): readonly Issue[] {
  return issues.map((issue) => ({ ...issue, path: [...path, ...issue.path] }));
}
