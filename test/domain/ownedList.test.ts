import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  afterRead,
  isAtRest,
  isDue,
  ownerStateOf,
  type OwnerSighting,
} from '../../src/domain/ownedList.ts';

const timing = { pollMinMs: 1_000, pollMaxMs: 60_000, deadlineMs: 3_600_000, settleMs: 30_000 };
const running: OwnerSighting = { isTerminal: false, startedAtMs: 0, endedAtMs: null };
const ended: OwnerSighting = { isTerminal: true, startedAtMs: 0, endedAtMs: 100_000 };
const read = (begunAtMs: number, isCertain = true) => ({ begunAtMs, isCertain, timing });

describe('when the list of an owner is read', () => {
  it('is at once when the owner was never read', () => {
    expect([isDue(undefined, running, 0), isAtRest(undefined, 0)]).toEqual([true, false]);
  });

  it.each([
    [10_000, 1_000],
    [100_000, 10_000],
    [10_000_000, 60_000],
  ])('is after a tenth of its age, within the bounds (age %i: %i)', (ageMs, delayMs) => {
    expect(afterRead(undefined, running, read(ageMs)).nextReadAtMs).toBe(ageMs + delayMs);
  });

  it('is at the next tick when not all could be counted', () => {
    const state = afterRead(undefined, running, read(100_000, false));
    expect([state.nextReadAtMs, isDue(state, running, 100_000)]).toEqual([100_000, true]);
  });

  it('is at once when the owner has ended since, whenever it would have been its turn', () => {
    const state = afterRead(undefined, running, read(10_000_000));
    expect([isDue(state, running, 10_000_001), isDue(state, ended, 10_000_001)]).toEqual([
      false,
      true,
    ]);
  });

  it('is once more after the settling time, and then never again', () => {
    const first = afterRead(undefined, ended, read(101_000));
    expect([first.closedAtMs, first.nextReadAtMs]).toEqual([null, 130_000]);
    expect([isDue(first, ended, 129_999), isDue(first, ended, 130_000)]).toEqual([false, true]);
    const last = afterRead(first, ended, read(130_000));
    expect([last.closedAtMs, isDue(last, ended, 1e15), isAtRest(last, 1e15)]).toEqual([
      130_000,
      false,
      true,
    ]);
  });

  it('is not put off by a clock of the provider that is ahead, nor by an end that is not told', () => {
    const ahead = afterRead(undefined, { ...ended, endedAtMs: 1e12 }, read(101_000));
    const untold = afterRead(undefined, { ...ended, endedAtMs: null }, read(101_000));
    expect([ahead.nextReadAtMs, untold.nextReadAtMs]).toEqual([131_000, 131_000]);
  });

  it('never closes an owner that runs, or whose entries are not all counted', () => {
    const time = fc.integer({ min: 0, max: 1e9 });
    fc.assert(
      fc.property(time, time, fc.boolean(), (begunAtMs, endedAtMs, isTerminal) => {
        const sighting = { isTerminal, startedAtMs: 0, endedAtMs };
        const isCertain = !isTerminal;
        expect(afterRead(undefined, sighting, read(begunAtMs, isCertain)).closedAtMs).toBeNull();
      }),
    );
  });

  it('survives a checkpoint, and is anew where the checkpoint is of another kind', () => {
    const state = afterRead(undefined, ended, read(101_000));
    expect(ownerStateOf(JSON.parse(JSON.stringify(state)) as never)).toEqual(state);
    expect([ownerStateOf(undefined), ownerStateOf([]), ownerStateOf({ at: 1 })]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
