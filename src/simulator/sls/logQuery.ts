/** A row as SQL sees it: every value is text. */
export type LogFields = Readonly<Record<string, string>>;

/** What one query asks for. */
export interface LogQuery {
  readonly logstore: string;
  /** null: every field. */
  readonly columns: readonly LogColumn[] | null;
  /** [fromS, toS) in unix seconds. */
  readonly fromS: number;
  readonly toS: number;
  readonly matches: ((row: LogFields) => boolean) | null;
  readonly groupBy: readonly string[];
  readonly limit: number;
}

export interface LogColumn {
  /** null: `count(*)`. */
  readonly field: string | null;
  readonly name: string;
}

/** Rows of an answer whose query says nothing, and the most it may say (page on the number of rows of SQL answers). */
const DEFAULT_LIMIT = 100;
const LIMIT_MAX = 1_000_000;

const TOKEN = /\s*('(?:[^']|'')*'|"(?:[^"]|"")*"|[A-Za-z_][\w.]*|\d+|<=|>=|!=|<>|[^\s])/y;

/**
 * Reads the SQL that a reader of logs sends: `SELECT list FROM store WHERE __time__ >= a AND __time__ < b [AND (conditions)]
 * [GROUP BY list] [LIMIT n]`; conditions are comparisons with a text, AND, OR and parentheses.
 * @returns what is wrong with it as text
 */
export function readLogQuery(sql: string): LogQuery | string {
  const tokens = tokensOf(sql);
  if (tokens === null) return 'the query has a quote that is not closed';
  try {
    return new QueryReader(tokens).query();
  } catch (error) {
    if (error instanceof SyntaxError) return error.message;
    throw error;
  }
}

function tokensOf(sql: string): readonly string[] | null {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < sql.trimEnd().length) {
    const token = TOKEN.exec(sql)?.[1];
    if (token === undefined || token === "'" || token === '"') return null;
    tokens.push(token);
  }
  return tokens;
}

type Matcher = (row: LogFields) => boolean;
type Bound = { readonly op: string; readonly value: number };

class QueryReader {
  readonly #tokens: readonly string[];
  readonly #bounds: Bound[] = [];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  query(): LogQuery {
    this.#expect('SELECT');
    const columns = this.#columns();
    this.#expect('FROM');
    const logstore = nameOf(this.#next());
    this.#expect('WHERE');
    const matches = this.#either();
    const groupBy = this.#takes('GROUP') ? this.#groupBy() : [];
    const limit = this.#takes('LIMIT') ? Number(this.#next()) : DEFAULT_LIMIT;
    if (this.#at < this.#tokens.length) this.#fail();
    if (!(limit >= 0 && limit <= LIMIT_MAX)) {
      throw new SyntaxError('LIMIT must be from 0 to 1000000');
    }
    return { logstore, columns, ...this.#range(), matches, groupBy, limit };
  }

  #columns(): readonly LogColumn[] | null {
    if (this.#takes('*')) return null;
    const columns: LogColumn[] = [];
    do columns.push(this.#column());
    while (this.#takes(','));
    return columns;
  }

  #column(): LogColumn {
    const word = this.#next();
    let field: string | null = nameOf(word);
    if (word.toLowerCase() === 'count' && this.#takes('(')) {
      this.#next();
      this.#expect(')');
      field = null;
    }
    return { field, name: this.#takes('AS') ? nameOf(this.#next()) : (field ?? '_col0') };
  }

  #groupBy(): readonly string[] {
    this.#expect('BY');
    const names: string[] = [];
    do names.push(nameOf(this.#next()));
    while (this.#takes(','));
    return names;
  }

  #either(): Matcher | null {
    let left = this.#both();
    while (this.#takes('OR')) {
      const [first, second] = [left, this.#both()];
      left = (row) => (first?.(row) ?? true) || (second?.(row) ?? true);
    }
    return left;
  }

  #both(): Matcher | null {
    let left = this.#one();
    while (this.#takes('AND')) {
      const [first, second] = [left, this.#one()];
      if (first === null || second === null) left = first ?? second;
      else left = (row) => first(row) && second(row);
    }
    return left;
  }

  /** null: a bound of time, which is no condition on the row. */
  #one(): Matcher | null {
    if (this.#takes('(')) {
      const inner = this.#either();
      this.#expect(')');
      return inner;
    }
    const field = nameOf(this.#next());
    const op = this.#next();
    const value = this.#next();
    if (field === '__time__') {
      this.#bounds.push({ op, value: Number(value) });
      return null;
    }
    const text = value.startsWith("'") ? value.slice(1, -1).replaceAll("''", "'") : value;
    if (op === '=') return (row) => row[field] === text;
    if (op === '!=' || op === '<>') return (row) => row[field] !== text;
    return this.#fail();
  }

  #range(): { readonly fromS: number; readonly toS: number } {
    let [fromS, toS] = [-Infinity, Infinity];
    for (const { op, value } of this.#bounds) {
      if (!Number.isSafeInteger(value)) throw new SyntaxError('__time__ is an integer');
      if (op === '>=') fromS = Math.max(fromS, value);
      else if (op === '>') fromS = Math.max(fromS, value + 1);
      else if (op === '<') toS = Math.min(toS, value);
      else if (op === '<=') toS = Math.min(toS, value + 1);
      else throw new SyntaxError('__time__ is compared by <, <=, > and >=');
    }
    if (!Number.isFinite(fromS) || !Number.isFinite(toS)) {
      throw new SyntaxError('the query must specify a time range by __time__');
    }
    return { fromS, toS };
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) return this.#fail();
    this.#at += 1;
    return token;
  }

  #takes(word: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  #expect(word: string): void {
    if (!this.#takes(word)) this.#fail();
  }

  #fail(): never {
    const near = this.#tokens[this.#at] ?? 'the end';
    throw new SyntaxError(`the query cannot be read near ${near}`);
  }
}

function nameOf(token: string): string {
  return token.startsWith('"') ? token.slice(1, -1).replaceAll('""', '"') : token;
}
