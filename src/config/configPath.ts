/** Where a value stands in the configuration file: mapping keys and list positions (from 0). */
export type ConfigPath = readonly (string | number)[];

const SPEAKABLE = /^[A-Za-z0-9_-]{1,64}$/;

/** True for a key that can be shown. A secret typed without a space (`password:abc`) becomes a key, and is not. */
export function isSpeakable(key: string): boolean {
  return SPEAKABLE.test(key);
}

/** `streams.exports.executions[0]`; a key that may hold more than a name is shown as `?`. */
export function formatPath(path: ConfigPath): string {
  return path
    .map((part, index) => {
      if (typeof part === 'number') return `[${part}]`;
      return `${index === 0 ? '' : '.'}${isSpeakable(part) ? part : '?'}`;
    })
    .join('');
}
