/** The name of the export that the demo orders. The simulated cloud lets it end well after some seconds. */
export const DEMO_ORDER = 'demo-errors';

const exportedMs = 5 * 60_000;

/** What the demo orders: the errors of the last five minutes, as the arguments of `logferry export` and as one would type them. */
export function demoOrder(nowMs: number): {
  readonly arguments: readonly string[];
  readonly commandLine: string;
} {
  const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
  const options = [
    ...['--logstore', 'app_log', '--query', 'level: ERROR'],
    ...['--from', time(nowMs - exportedMs), '--to', time(nowMs)],
    ...['--name', DEMO_ORDER, '--format', 'json', '--compression', 'gzip'],
  ];
  const words = ['export', 'exports', ...options];
  const typed = words.map((word) => (word.includes(' ') ? `"${word}"` : word));
  return { arguments: words, commandLine: `logferry ${typed.join(' ')}` };
}
