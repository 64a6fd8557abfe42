import type { QueueBackend } from '../src/queue/backend.ts';
import type { Streams } from './streams.ts';

/** Tries tracks and downloads of these streams anew that failed before that time. Epoch milliseconds. @returns how many */
export async function retryFailed(
  {
    queue,
    streams,
  }: { readonly queue: Pick<QueueBackend, 'retryFailed'>; readonly streams: Streams },
  failedBeforeMs: number,
): Promise<number> {
  const where = ({ stream }: { readonly stream: string }) => streams.has(stream);
  const retry = { failedBeforeMs, where };
  return (await queue.retryFailed('track', retry)) + (await queue.retryFailed('download', retry));
}
