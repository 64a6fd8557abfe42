import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import { inParallel } from '../../src/engine/inParallel.ts';

const never = new AbortController().signal;

describe('work in parallel', () => {
  it('is done for each item once, in their order, never more at a time than allowed', async () => {
    const begun: number[] = [];
    let [running, most] = [0, 0];
    const work = async (item: number): Promise<void> => {
      begun.push(item);
      running += 1;
      most = Math.max(most, running);
      await setImmediate();
      running -= 1;
    };
    await inParallel([1, 2, 3, 4, 5], { atOnceMax: 2, work }, never);
    expect([begun, most, running]).toEqual([[1, 2, 3, 4, 5], 2, 0]);
  });

  it('that fails stops the rest, begins nothing more, and fails when all of it has ended', async () => {
    const failure = new Error('the first');
    const begun: number[] = [];
    let isOver = false;
    const work = async (item: number, signal: AbortSignal): Promise<void> => {
      begun.push(item);
      if (item === 1) throw failure;
      while (!signal.aborted) await setImmediate();
      isOver = true;
      throw new Error('the second');
    };
    await expect(inParallel([1, 2, 3], { atOnceMax: 2, work }, never)).rejects.toBe(failure);
    expect([begun, isOver]).toEqual([[1, 2], true]);
  });

  it('is stopped from outside', async () => {
    const stop = new AbortController();
    const work = async (_item: number, signal: AbortSignal): Promise<void> => {
      stop.abort(new Error('stopped'));
      signal.throwIfAborted();
    };
    await expect(inParallel([1, 2], { atOnceMax: 1, work }, stop.signal)).rejects.toThrow(
      'stopped',
    );
  });
});
