import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { fullYaml, parse, problemLines } from './configKit.ts';

const withUsername = (text: string): string =>
  fullYaml.replace('username: ops', () => `username: ${text}`);
const withPort = (text: string): string => fullYaml.replace('port: 8080', () => `port: ${text}`);

describe('variables of the environment', () => {
  it.each([
    ['"${NAME}"', { NAME: 'ada' }, 'ada'],
    ['${NAME}', { NAME: 'ada' }, 'ada'],
    ['"${NAME:-bob}"', {}, 'bob'],
    ['"${NAME:-bob}"', { NAME: '' }, 'bob'],
    ['"${NAME:-bob}"', { NAME: 'ada' }, 'ada'],
    ['"x-${NAME}-${NAME}"', { NAME: 'ada' }, 'x-ada-ada'],
    ['"$${NAME}"', { NAME: 'ada' }, '${NAME}'],
    ['"$NAME"', { NAME: 'ada' }, '$NAME'],
    ['"${NAME}"', { NAME: '12345' }, '12345'],
    ['"${NAME}"', { NAME: 'true' }, 'true'],
    ['"${NAME}"', { NAME: '${OTHER}', OTHER: 'x' }, '${OTHER}'],
  ])('fills %s from %j', (text, env, username) => {
    expect(parse(withUsername(text), env).web.username).toBe(username);
  });

  it('reads a number where the key asks for one', () => {
    expect(parse(withPort('"${PORT:-9090}"')).web.port).toBe(9090);
  });

  it('does not take text of the file for a number', () => {
    expect(problemLines(withPort('"9090"'))).toEqual([
      'logferry.yaml:10:9 web.port: must be a whole number from 0 to 65535, not text',
    ]);
  });

  it('names the path and the variable that is not set, once', () => {
    expect(problemLines(withPort('"${PORT}"'))).toEqual([
      'logferry.yaml:10:9 web.port: the environment variable PORT is not set; set it, or use ${PORT:-default}',
    ]);
  });

  it.each(['"${}"', '"${PORT"', '"${1X}"', '"${A B}"', '"${A:-${B}}"', '"${A-b}"'])(
    'refuses %s as malformed',
    (text) => {
      expect(problemLines(withUsername(text), { A: 'a', B: 'b' })).toEqual([
        'logferry.yaml:11:13 web.username: must be ${VAR} or ${VAR:-default}; write $${ for a literal ${',
      ]);
    },
  );

  it.each([
    ['url: postgresql://logferry:pw@db:5432/logferry', 'url: "${NONE}"'],
    ['url: rediss://:pw@redis:6379/0', 'url: "${NONE}"'],
    ['password: hunter2hunter2', 'password: "${NONE}"'],
  ])('takes an unset variable as leaving out: %s', (line, replacement) => {
    expect(problemLines(fullYaml.replace(line, replacement))).toEqual([]);
  });

  it('does not take an unset variable inside a URL as leaving it out', () => {
    const text = fullYaml.replace('logferry:pw@', 'logferry:${NONE}@');
    expect(problemLines(text).join()).toContain(
      'database.url: the environment variable NONE is not set',
    );
  });

  it.each([
    ['password: hunter2hunter2', 'password: "${P:-letmein}"', 'web.password'],
    ['accessKeyId: keyid-sentinel', 'accessKeyId: "${P:-letmein}"', 'credentials.accessKeyId'],
    ['accessKeySecret: keysecret-sentinel', 'accessKeySecret: "${P:-letmein}"', 'accessKeySecret'],
    [
      'postgresql://logferry:pw@db:5432/logferry',
      '"${P:-postgres://u:letmein@db/x}"',
      'database.url',
    ],
    ['rediss://:pw@redis:6379/0', '"${P:-redis://:letmein@db}"', 'queue.url'],
  ])('refuses a default for a secret: %s', (line, replacement, path) => {
    const lines = problemLines(fullYaml.replace(line, replacement), { P: 'redis://x' }).join('\n');
    expect(lines).toContain(`${path}: a secret has no default: use \${P}`);
    expect(lines).not.toContain('letmein');
  });

  it('takes a default for a URL that holds no password', () => {
    const text = fullYaml.replace('rediss://:pw@redis:6379/0', '"${P:-redis://localhost:6379}"');
    expect(parse(text).queue.url).toBe('redis://localhost:6379');
  });

  it('keeps any value a value: it can add no YAML', () => {
    const text = fullYaml.replace('password: hunter2hunter2', 'password: "${P}"');
    const plain = parse(fullYaml);
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (value) => {
        const password = value === '' ? null : value;
        expect(parse(text, { P: value })).toEqual({ ...plain, web: { ...plain.web, password } });
      }),
    );
  });
});
