import type { OpenDownload, OpenJob } from '../src/sinks/sink.ts';
import type { StreamRuntime } from '../src/engine/ports.ts';
import type { JobData } from '../src/queue/catalog.ts';

/** The streams of this process, by the name that queue jobs carry and by the id that the sink knows. */
export interface Streams {
  readonly all: readonly StreamRuntime[];
  has(name: string): boolean;
  /** @throws when the stream is not configured here: another worker may know it, so the queue tries again */
  named(name: string): StreamRuntime;
  /** Payloads for open jobs or files. Those of streams that are not configured any more are left alone. */
  payloadsOf(open: readonly (OpenJob | OpenDownload)[]): JobData<'track' | 'download'>[];
}

export function indexStreams(streams: readonly StreamRuntime[]): Streams {
  const byName = new Map(streams.map((stream) => [stream.name, stream]));
  const nameById = new Map(streams.map(({ streamId, name }) => [streamId, name]));
  return {
    all: streams,
    has: (name) => byName.has(name),
    named: (name) => {
      const stream = byName.get(name);
      if (stream !== undefined) return stream;
      throw new Error(
        `stream ${name} is not in this worker's configuration; give every worker the same logferry.yaml`,
      );
    },
    payloadsOf: (open) =>
      open.flatMap(({ streamId, entryKey }) => {
        const stream = nameById.get(streamId);
        return stream === undefined ? [] : [{ stream, entryKey }];
      }),
  };
}
