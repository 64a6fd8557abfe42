/** One thing that is wrong in the configuration file, and what would be right. Never holds a value of a secret. */
export interface ConfigProblem {
  /** Dotted path of the key: `streams.exports.pageSize`; empty when the file as a whole is meant. */
  readonly path: string;
  /** From 1; absent when the problem has no place in the file. */
  readonly line?: number;
  /** From 1. */
  readonly column?: number;
  readonly message: string;
}

/** Thrown when the configuration cannot be used: holds every problem at once, in the order of the file. */
export class ConfigError extends Error {
  /** The path the file was asked for by. */
  readonly file: string;
  readonly problems: readonly ConfigProblem[];

  constructor(
    file: string,
    problems: readonly ConfigProblem[],
    options: { readonly cause?: unknown } = {},
  ) {
    super(
      problems.map((problem) => problemLine(file, problem)).join('\n'),
      options.cause === undefined ? {} : { cause: options.cause },
    );
    this.name = 'ConfigError';
    this.file = file;
    this.problems = problems;
  }
}

/** One line for each problem, `logferry.yaml:12:5 streams.exports.pageSize: must be ...`, to be printed as they are. */
export function configErrorLines(error: ConfigError): readonly string[] {
  return error.problems.map((problem) => problemLine(error.file, problem));
}

function problemLine(file: string, problem: ConfigProblem): string {
  const place = [file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  return problem.path === ''
    ? `${place}: ${problem.message}`
    : `${place} ${problem.path}: ${problem.message}`;
}
