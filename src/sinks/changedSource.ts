import { SinkError } from './sinkError.ts';

/** The refusal of every sink when a stream is configured with another source than it is stored with. */
export function changedSource(name: string, before: string, now: string): SinkError {
  return new SinkError(
    'refused',
    `the stream ${name} is stored with source ${before} and configured with ${now}: ` +
      'its checkpoint would mean something else; give the new stream another name',
  );
}
