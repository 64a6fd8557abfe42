import { readFile } from 'node:fs/promises';
import { errorCodeOf } from '../domain/errorCode.ts';
import type { Source } from '../sources/source.ts';
import type { Config } from './config.ts';
import { ConfigError } from './configError.ts';
import type { Environment } from './environment.ts';
import { parseConfig } from './parseConfig.ts';

const fileBytesMax = 1024 * 1024;

/**
 * Reads and checks the configuration file at `path`.
 * @throws ConfigError when the file cannot be read or used: every problem at once
 */
export async function loadConfig(input: {
  readonly path: string;
  readonly env: Environment;
  readonly sources: readonly Source[];
}): Promise<Config> {
  const { path, env, sources } = input;
  return parseConfig({ text: await readText(path), file: path, env, sources });
}

async function readText(path: string): Promise<string> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw new ConfigError(path, [{ path: '', message: readFailure(cause) }], { cause });
  }
  if (bytes.length > fileBytesMax) {
    const message = 'is larger than 1 MiB; this is not a configuration file';
    throw new ConfigError(path, [{ path: '', message }]);
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (cause) {
    const message = 'is not UTF-8 text; save it as UTF-8';
    throw new ConfigError(path, [{ path: '', message }], { cause });
  }
}

const READ_FAILURES = new Map([
  [
    'ENOENT',
    'there is no such file; `logferry init` writes a starter, --config names another file',
  ],
  [
    'EACCES',
    'may not be read by this user; give it read permission (it is written with mode 0600)',
  ],
  ['EISDIR', 'is a directory; name the file in it'],
]);

function readFailure(cause: unknown): string {
  const code = errorCodeOf(cause) ?? 'unknown error';
  return READ_FAILURES.get(code) ?? `cannot be read (${code})`;
}
