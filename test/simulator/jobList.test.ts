import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { JobList } from '../../src/simulator/jobList.ts';

const ORDERS = ['newest-first', 'oldest-first', 'by-name'] as const;
const name = fc.stringMatching(/^[a-d][0-9]$/);
const step = fc.record({ kind: fc.constantFrom('insert', 'remove', 'expire'), name });

describe('a list of jobs', () => {
  it('is in any order what a plain array would be, after any inserts, removals and expiries', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ORDERS),
        fc.array(step, { maxLength: 60 }),
        fc.nat(20),
        fc.nat(20),
        (order, steps, offset, size) => {
          const list = new JobList<{ readonly name: string }>(order);
          let model: string[] = [];
          steps.forEach(({ kind, name: jobName }, request) => {
            const at = { nowMs: request, request };
            if (kind === 'insert' && !model.includes(jobName)) model.push(jobName);
            if (kind === 'insert') {
              list.insert({ name: jobName }, at);
            } else {
              const gone = kind === 'expire' ? model[0] : jobName;
              expect(kind === 'expire' ? list.oldest()?.name : jobName).toBe(gone);
              expect(list.remove(gone ?? '', at)).toBe(model.includes(gone ?? ''));
              model = model.filter((kept) => kept !== gone);
            }
          });
          const inOrder = {
            'newest-first': [...model].reverse(),
            'oldest-first': model,
            'by-name': [...model].sort(),
          }[order];
          expect(list.page({ offset, size }).map((job) => job.name)).toEqual(
            inOrder.slice(offset, offset + size),
          );
          const alive = list.lives().filter((life) => life.removedAtRequest === null);
          expect(alive.map((life) => life.job.name)).toEqual(model);
        },
      ),
    );
  });
});
