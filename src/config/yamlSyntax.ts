import type { ErrorCode } from 'yaml';

const SYNTAX: Readonly<Partial<Record<ErrorCode, string>>> = {
  BAD_INDENT: 'wrong indentation, or a bracket that is not closed',
  BAD_DQ_ESCAPE: 'unknown escape in double quotes; use single quotes, or \\\\ for a backslash',
  BAD_SCALAR_START: 'a value cannot begin with this character; put it in quotes',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key:" on one line; put the value in quotes if it holds ": "',
  BLOCK_IN_FLOW: 'an indented block inside { } or [ ]',
  DUPLICATE_KEY: 'this key is there twice; keep one of them',
  MISSING_CHAR: 'a quote, a comma or a bracket is missing here or before',
  MULTILINE_IMPLICIT_KEY: 'a key goes over the end of its line; is a ":" missing?',
  MULTIPLE_DOCS: 'the file holds more than one document; remove the line "---"',
  NON_STRING_KEY: 'a key must be a name',
  RESOURCE_EXHAUSTION: 'the file is nested too deeply',
  TAB_AS_INDENT: 'a tab indents this line; use spaces',
  TAG_RESOLVE_FAILED: 'tags (!name) are not supported; put the value in quotes if it begins with !',
  UNEXPECTED_TOKEN: 'unexpected character; a value with { } [ ] , or # such as ${VAR} needs quotes',
};

/**
 * What a YAML syntax error means. The parser's own messages quote the file, which may hold secrets, so they are not used.
 */
export function syntaxMessageOf(code: ErrorCode): string {
  return `not valid YAML: ${SYNTAX[code] ?? `syntax error ${code}`}`;
}
