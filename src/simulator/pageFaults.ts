import type { FaultPlan, RowFault } from './faults.ts';
import { ROW_FAULTS } from './faults.ts';

/** What the plan does to the rows of a page, in whatever way the list is paged. */
export function afterPageFaults<Row>(
  { plain, draw }: Pick<FaultPlan, 'plain' | 'draw'>,
  rows: readonly Row[],
): readonly Row[] {
  if (plain.has('emptyPage')) return [];
  let left = rows;
  if (plain.has('shortPage')) left = left.slice(0, Math.max(1, Math.floor(left.length * draw)));
  if (plain.has('duplicateRow') && left.length > 1) {
    const twin = Math.floor(draw * (left.length - 1));
    left = [...left.slice(0, twin + 1), ...left.slice(twin, -1)];
  }
  return left;
}

/** The total that the answer tells; null: it tells none. */
export function toldTotal(
  { plain, totalOffset, draw }: Pick<FaultPlan, 'plain' | 'totalOffset' | 'draw'>,
  total: number,
): number | null {
  if (plain.has('totalAbsent')) return null;
  return plain.has('totalRandom')
    ? Math.floor(draw * (2 * total + 10))
    : Math.max(0, total + totalOffset);
}

/**
 * The faults that a row carries in an answer.
 * @param row.unitOf 0 <= number < 1 for each fault, always the same for the row
 * @param row.isChosen it is the one row that scheduled faults strike
 */
export function rowFaultsOf(
  { rowShares, oneRow }: Pick<FaultPlan, 'rowShares' | 'oneRow'>,
  row: { readonly unitOf: (fault: RowFault) => number; readonly isChosen: boolean },
): readonly RowFault[] {
  if (rowShares.size === 0 && oneRow.length === 0) return [];
  return ROW_FAULTS.filter(
    (fault) =>
      (row.isChosen && oneRow.includes(fault)) || row.unitOf(fault) < (rowShares.get(fault) ?? 0),
  );
}
