// Data in, data out: just enough of SQL to put values, names and conditions into a statement without breaking it.

/** `quoted`: a literal or a quoted name, whole. `comment`: to its end. `placeholder`: `:name`. `text`: anything else. */
interface SqlToken {
  readonly kind: 'text' | 'word' | 'quoted' | 'comment' | 'placeholder';
  readonly text: string;
}

const tokens =
  /(?<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*")|(?<comment>--[^\n]*|\/\*[^]*?\*\/)|(?<placeholder>:[A-Za-z_]\w*)|(?<word>[\p{L}_][\p{L}\p{N}_$]*)|(?<open>['"]|\/\*)|(?<text>::|\s+|\d[\w.]*|[^])/gu;

/** @returns null when a quote or a comment is not closed */
function tokensOf(sql: string): readonly SqlToken[] | null {
  const found: SqlToken[] = [];
  for (const { 0: text, groups } of sql.matchAll(tokens)) {
    if (groups?.['open'] !== undefined) return null;
    const kind = (['quoted', 'comment', 'placeholder', 'word'] as const).find(
      (name) => groups?.[name] !== undefined,
    );
    found.push({ kind: kind ?? 'text', text });
  }
  return found;
}

/** A name, whatever characters it has, as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Why a condition cannot stand in parentheses beside others, or null when it can: quotes and parentheses are closed inside
 * it, and no comment or semicolon cuts off what follows.
 */
export function conditionFault(sql: string): string | null {
  const found = tokensOf(sql);
  if (found === null) return 'has a quote that is not closed';
  if (found.some(({ kind }) => kind === 'comment')) return 'holds a comment; leave it out';
  let depth = 0;
  for (const { text } of found) {
    if (text === ';') return 'holds a semicolon; it must be one condition';
    if (text === '(') depth += 1;
    if (text === ')') depth -= 1;
    if (depth < 0) return 'closes a parenthesis that it did not open';
  }
  if (depth > 0) return 'opens a parenthesis that it does not close';
  return sql.trim() === '' ? 'is empty; leave the key out' : null;
}

/** A statement with places for the bounds of a window. */
export interface SqlTemplate {
  /** The text between the places: the values go in between, one fewer. Comments left out. */
  readonly parts: readonly string[];
  readonly places: readonly ('from' | 'to')[];
  /** The rows of its own LIMIT; null when it has none. */
  readonly ownLimit: number | null;
  /** Whether its rows are log entries: a column of its first select list is called `__time__`, or is `*`. */
  readonly hasTime: boolean;
}

export type SqlReading =
  | { readonly ok: true; readonly template: SqlTemplate }
  | { readonly ok: false; readonly fault: string };

/** Reads a whole query with the placeholders `:from` and `:to`. The fault says what would be right. */
export function readQuery(sql: string): SqlReading {
  const all = tokensOf(sql);
  if (all === null) return { ok: false, fault: 'has a quote or a comment that is not closed' };
  const found = withoutEnd(all.map((token) => (token.kind === 'comment' ? blank : token)));
  if (found.some(({ text }) => text === ';')) {
    return { ok: false, fault: 'holds a semicolon; it must be one statement' };
  }
  const parts = [''];
  const places: ('from' | 'to')[] = [];
  for (const { kind, text } of found) {
    const name = kind === 'placeholder' ? text.slice(1) : null;
    if (name === 'from' || name === 'to') {
      places.push(name);
      parts.push('');
    } else if (name !== null) {
      return { ok: false, fault: `has the placeholder ${text}; there are :from and :to only` };
    } else parts.push(`${parts.pop() ?? ''}${text}`);
  }
  const missing = (['from', 'to'] as const).filter((name) => !places.includes(name));
  if (missing.length > 0) {
    return { ok: false, fault: `lacks ${missing.map((name) => `:${name}`).join(' and ')}` };
  }
  const ownLimit = limitOf(found);
  if (ownLimit === 'with_offset') {
    return { ok: false, fault: 'has a LIMIT with an offset; leave the offset out' };
  }
  return { ok: true, template: { parts, places, ownLimit, hasTime: selectsTime(found) } };
}

/** The statement for one window. `limit` rows at most, where the statement has no LIMIT of its own. */
export function fillQuery(
  template: SqlTemplate,
  values: { readonly from: number; readonly to: number; readonly limit: number },
): string {
  const { parts, places, ownLimit } = template;
  const sql = parts
    .map((part, index) => {
      const place = places[index];
      return place === undefined ? part : `${part}${values[place]}`;
    })
    .join('');
  return ownLimit === null ? `${sql.trimEnd()} LIMIT ${values.limit}` : sql.trim();
}

const blank: SqlToken = { kind: 'text', text: ' ' };

/** Without the blanks and the semicolon at its end. */
function withoutEnd(found: readonly SqlToken[]): readonly SqlToken[] {
  const last = found.findLastIndex(({ text }) => text.trim() !== '' && text !== ';');
  return found.slice(0, last + 1);
}

function limitOf(found: readonly SqlToken[]): number | null | 'with_offset' {
  const words = found.filter(({ text }) => text.trim() !== '').map(({ text }) => text);
  const at = words.findLastIndex((word) => word.toUpperCase() === 'LIMIT');
  const rest = words.slice(at + 1);
  // A LIMIT further up is that of a subquery.
  if (at < 0 || rest.includes(')')) return null;
  const [rows = ''] = rest;
  return rest.length === 1 && /^\d+$/.test(rows) ? Number(rows) : 'with_offset';
}

/** The names of the columns of the first select list, by its items' last words. */
function selectsTime(found: readonly SqlToken[]): boolean {
  let depth = 0;
  let isInside = false;
  let item: SqlToken[] = [];
  const items: SqlToken[][] = [];
  for (const token of found) {
    const word = token.kind === 'word' && depth === 0 ? token.text.toUpperCase() : '';
    if (!isInside) {
      if (token.text === '(') depth += 1;
      if (token.text === ')') depth -= 1;
      isInside = word === 'SELECT';
      continue;
    }
    if (word === 'FROM') break;
    if (token.text === '(') depth += 1;
    if (token.text === ')') depth -= 1;
    if (token.text === ',' && depth === 0) {
      items.push(item);
      item = [];
    } else if (token.text.trim() !== '' && word !== 'DISTINCT' && word !== 'ALL') item.push(token);
  }
  return [...items, item].some(isTime);
}

function isTime(item: readonly SqlToken[]): boolean {
  const [last, before] = [item.at(-1), item.at(-2)];
  if (last === undefined) return false;
  if (last.text === '*') return item.length === 1 || before?.text === '.';
  const isName = last.text === '__time__' || last.text === '"__time__"';
  // `__time__ % 60` ends in a number and `a - __time__` in the word itself: only alone, qualified or as an alias is it a name.
  const isAlias = before?.kind === 'word' && before.text.toUpperCase() === 'AS';
  return isName && (item.length === 1 || before?.text === '.' || isAlias);
}
