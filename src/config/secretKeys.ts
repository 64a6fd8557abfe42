import type { ConfigPath } from './configPath.ts';

const SECRET_KEY = /(password|secret|token|accessKey(Id)?|secretKey)$/i;
const URL_KEYS: readonly string[] = ['database.url', 'queue.url'];

/** True for a value that is a secret, told by its key: passwords, access keys, tokens. */
export function isSecretPath(path: ConfigPath): boolean {
  const key = path.at(-1);
  return typeof key === 'string' && SECRET_KEY.test(key);
}

/** True for a URL that may carry a password. */
export function isUrlPath(path: ConfigPath): boolean {
  return URL_KEYS.includes(path.join('.'));
}
