import { dueWindows, type TimeRange, type WindowSchedule } from './exportWindows.ts';

// Data in, data out: what is to be done now about a scheduled export.

/**
 * Where the order of a range stands. open: asked for, or under way. succeeded: its file can be had. failed: its job ended in error.
 * refused: the service did not take it. gone: its job was deleted before its end.
 */
export type OrderState = 'open' | 'succeeded' | 'failed' | 'refused' | 'gone';

export interface SlotOrder extends TimeRange {
  /** From 1. */
  readonly attempt: number;
  readonly state: OrderState;
  /** When it got there. Epoch milliseconds. */
  readonly sinceMs: number;
}

export interface ExportPlan<Order> {
  /** Nothing is left to do about these, all is well. */
  readonly done: readonly Order[];
  /** Nothing more is done about these: a person must look. */
  readonly givenUp: readonly Order[];
  /** To be ordered as the next attempt. */
  readonly again: readonly Order[];
  /** To be ordered for the first time. */
  readonly windows: readonly TimeRange[];
}

const restBounds = { firstMs: 60_000, maxMs: 6 * 3_600_000 };

/** How long a range rests after this attempt at it has failed: a minute, and four times as long after each further one. */
export function restMs(attempt: number): number {
  return Math.min(restBounds.maxMs, restBounds.firstMs * 4 ** Math.min(attempt - 1, 20));
}

/**
 * Decides for one export: failed ranges first, then due windows, oldest first, so that no more than `parallel` are under way. One that
 * is refused holds its place while it rests: the next one would be refused for the same reason.
 * @param at.orders those that are not closed; the latest attempt of a range counts
 * @param at.ordered every range that was ever ordered
 */
export function planExport<Order extends SlotOrder>(
  settings: WindowSchedule & { readonly retries: number; readonly parallel: number },
  at: {
    readonly orders: readonly Order[];
    readonly ordered: readonly TimeRange[];
    readonly nowMs: number;
  },
): ExportPlan<Order> {
  const latest = new Map<number, Order>();
  for (const order of at.orders) {
    const known = latest.get(order.fromMs);
    if (known === undefined || known.attempt < order.attempt) latest.set(order.fromMs, order);
  }
  const orders = [...latest.values()].sort((a, b) => a.fromMs - b.fromMs);
  const hasFailed = ({ state }: Order) => state === 'failed' || state === 'refused';
  const isTriedOut = (order: Order) => hasFailed(order) && order.attempt > settings.retries;
  const waits = orders.filter((order) => hasFailed(order) && !isTriedOut(order));
  const isRested = (order: Order) => order.sinceMs + restMs(order.attempt) <= at.nowMs;
  const busy =
    orders.filter(({ state }) => state === 'open').length +
    waits.filter((order) => order.state === 'refused' && !isRested(order)).length;

  const room = Math.max(0, settings.parallel - busy);
  const again = waits.filter(isRested).slice(0, room);
  const left = { ranges: at.ordered, limit: room - again.length };
  return {
    done: orders.filter(({ state }) => state === 'succeeded'),
    givenUp: orders.filter((order) => order.state === 'gone' || isTriedOut(order)),
    again,
    windows: left.limit === 0 ? [] : dueWindows(settings, left, at.nowMs),
  };
}
