import { assertNever } from '../src/domain/assertNever.ts';
import { downloadJob } from '../src/engine/downloadJob.ts';
import { isFileStream, type EngineDeps } from '../src/engine/ports.ts';
import type { Processor } from '../src/queue/processor.ts';
import type { Streams } from './streams.ts';

/** Fetches, verifies and loads the file of one finished job. A store that asks for a pause delays it, no attempt spent. */
export function downloadProcessor(
  deps: EngineDeps & { readonly streams: Streams },
): Processor<'download'> {
  return async ({ data: { stream: name, entryKey } }, signal) => {
    const stream = deps.streams.named(name);
    if (!isFileStream(stream)) return { kind: 'done', note: { file: 'not wanted any more' } };
    const file = await downloadJob(deps, { stream, entryKey }, signal);
    switch (file.kind) {
      case 'paused':
        return { kind: 'later', atMs: file.resumeAtMs };
      case 'loaded':
        return { kind: 'done', note: { file: file.kind, rows: file.rows } };
      case 'incomplete':
      case 'failed':
        return { kind: 'done', note: { file: file.kind, rows: file.rows, reason: file.reason } };
      case 'gone':
      case 'moved':
        return { kind: 'done', note: { file: file.kind } };
      default:
        return assertNever(file);
    }
  };
}
