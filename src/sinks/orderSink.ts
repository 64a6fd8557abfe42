import type { JobTable } from '../domain/column.ts';
import type { Drift, JobEntry } from '../domain/entry.ts';
import type { ExportOrder } from '../domain/exportOrder.ts';
import type { TimeRange } from '../domain/exportWindows.ts';

export const ORDER_STATUSES = ['intended', 'ordered', 'refused'] as const;
export type OrderStatus = (typeof ORDER_STATUSES)[number];

/** An order as it is made. */
export interface NewOrder extends ExportOrder {
  /** The scheduled export it belongs to; null for one made by hand. */
  readonly export: string | null;
  /** From 1. */
  readonly attempt: number;
}

export interface StoredOrder extends NewOrder {
  readonly id: string;
  readonly streamId: string;
  /** intended: the service may have it or not. ordered: it has taken it. refused: it never will, or lost it. */
  readonly status: OrderStatus;
  /** Why it was refused, or why the last try failed. */
  readonly errorMessage: string | null;
  readonly intendedAtMs: number;
  readonly orderedAtMs: number | null;
  readonly refusedAtMs: number | null;
  /** Of a scheduled order: when nothing was left to do about it. */
  readonly closedAtMs: number | null;
  /** null before the job was seen. */
  readonly job: OrderedJob | null;
}

/** What is known of an order's job. */
export interface OrderedJob {
  readonly entryKey: string;
  readonly status: string;
  readonly progressPercent: number | null;
  /** Why it ended in error. */
  readonly errorMessage: string | null;
  readonly settledAtMs: number | null;
  readonly vanishedAtMs: number | null;
}

/** Exports that are ordered: what is to be ordered is stored before it is asked for. Every method that writes is one transaction. */
export interface OrderSink {
  /**
   * Stores what is to be ordered. `known`: that stream has an order of this name, or of this range and attempt of the same scheduled
   * export; it stays as it is, whatever its parameters.
   */
  intendOrder(intent: {
    readonly streamId: string;
    readonly order: NewOrder;
    readonly nowMs: number;
  }): Promise<{ readonly kind: 'new' | 'known'; readonly order: StoredOrder }>;

  readOrder(query: {
    readonly streamId: string;
    readonly name: string;
  }): Promise<StoredOrder | null>;

  /**
   * Orders of which is not known whether the service has them, and those whose job was not seen yet, by id after `afterId` ('0' first),
   * at most `limit`.
   */
  openOrders(query: {
    readonly streamId: string;
    readonly afterId: string;
    readonly limit: number;
  }): Promise<readonly StoredOrder[]>;

  /** Orders of a scheduled export that are not closed, by range and attempt. */
  unclosedOrders(query: {
    readonly streamId: string;
    readonly export: string;
  }): Promise<readonly StoredOrder[]>;

  /** Every range that was ever ordered of a scheduled export, in order; those that touch are one. */
  orderedRanges(query: {
    readonly streamId: string;
    readonly export: string;
  }): Promise<readonly TimeRange[]>;

  /** The service has taken the order. @returns false when it was not `intended` any more: nothing was written */
  recordOrdered(record: { readonly orderId: string; readonly nowMs: number }): Promise<boolean>;

  /**
   * The service does not take the order, or has no job of it.
   * @returns false when it was not of this status any more, or its job was seen: nothing was written
   */
  recordRefused(record: {
    readonly orderId: string;
    readonly expectedStatus: 'intended' | 'ordered';
    readonly reason: string;
    readonly nowMs: number;
  }): Promise<boolean>;

  /** Notes why a try has failed that will be made again; the order stays as it is. */
  noteOrderError(note: { readonly orderId: string; readonly error: string }): Promise<void>;

  /**
   * Stores the job of an order as it was read outside of a walk, and the order as ordered, so that the job is followed at once: a new row
   * when no walk has listed it before, else as a walk would have it (P4).
   * @returns null when the order is refused, or has another job: nothing was written
   */
  noteJob(note: {
    readonly table: JobTable;
    readonly terminal: ReadonlySet<string>;
    readonly streamId: string;
    readonly orderId: string;
    readonly entry: JobEntry;
    readonly drift: readonly Drift[];
    /** When the answer was asked for. */
    readonly askedAtMs: number;
    readonly nowMs: number;
  }): Promise<{ readonly entryKey: string; readonly status: string } | null>;

  /**
   * Closes a scheduled order and the attempts before it: nothing more is done about them.
   * @returns false when it was closed before
   */
  closeOrder(close: { readonly orderId: string; readonly nowMs: number }): Promise<boolean>;
}
