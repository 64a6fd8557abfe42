import { describe, expect, it } from '@jest/globals';
import { oneAhead } from '../../src/engine/oneAhead.ts';

const never = new AbortController().signal;

/** Lets everything that can go on go on. */
async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('one page ahead', () => {
  it('fetches the next page while the last is worked on, and no further', async () => {
    const fetched: number[] = [];
    async function* pages() {
      for (let page = 1; page <= 4; page += 1) {
        fetched.push(page);
        yield page;
      }
    }
    const seen: number[] = [];
    for await (const page of oneAhead(pages, never)) {
      await settle();
      expect(fetched).toEqual([1, 2, 3, 4].slice(0, Math.min(page + 1, 4)));
      seen.push(page);
    }
    expect(seen).toEqual([1, 2, 3, 4]);
  });

  it('meets a failure ahead only after the page before has been handed over', async () => {
    async function* pages() {
      yield 'first';
      throw new Error('second is lost');
    }
    const seen: string[] = [];
    const reading = (async () => {
      for await (const page of oneAhead(pages, never)) {
        await settle();
        seen.push(page);
      }
    })();
    await expect(reading).rejects.toThrow('second is lost');
    expect(seen).toEqual(['first']);
  });

  it('ends a request under way when the reader leaves, and waits until it has ended', async () => {
    const ended: string[] = [];
    async function* pages(stop: AbortSignal) {
      try {
        yield 'first';
        await new Promise((_resolve, reject) => {
          stop.addEventListener('abort', () => {
            reject(new Error('request ended'));
          });
        });
      } finally {
        ended.push('request');
      }
    }
    for await (const page of oneAhead(pages, never)) {
      expect(page).toBe('first');
      await settle();
      break;
    }
    expect(ended).toEqual(['request']);
  });

  it('passes the signal of the walk on', async () => {
    const stopping = new AbortController();
    async function* pages(stop: AbortSignal) {
      yield 'first';
      await new Promise((_resolve, reject) => {
        stop.addEventListener('abort', () => {
          reject(stop.reason as Error);
        });
      });
    }
    const reading = (async () => {
      for await (const page of oneAhead(pages, stopping.signal)) {
        expect(page).toBe('first');
        await settle();
        stopping.abort(new Error('shutdown'));
      }
    })();
    await expect(reading).rejects.toThrow('shutdown');
  });
});
