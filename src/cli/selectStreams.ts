import type { Config, StreamConfig } from '../config/config.ts';
import { nearestOf } from '../domain/nearest.ts';
import { UsageError } from './usageError.ts';

/**
 * The streams a command was asked for, all of them when none is named.
 * @throws UsageError for a name that is not configured
 */
export function selectStreams(
  config: Pick<Config, 'streams'>,
  names: readonly string[],
): readonly StreamConfig[] {
  if (names.length === 0) return config.streams;
  return [...new Set(names)].map((name) => {
    const stream = config.streams.find((candidate) => candidate.name === name);
    if (stream !== undefined) return stream;
    const known = config.streams.map((candidate) => candidate.name);
    const near = nearestOf(name, known);
    const hint = near === null ? `configured are: ${known.join(', ')}` : `did you mean ${near}?`;
    throw new UsageError(`there is no stream ${name}; ${hint}`);
  });
}
