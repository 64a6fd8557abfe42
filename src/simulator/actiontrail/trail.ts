import type { ListingOrder } from '../jobList.ts';
import type { Churn } from '../livingJobs.ts';
import { LivingJobs } from '../livingJobs.ts';
import type { DeliveryJob, DeliveryJobSpec } from './deliveryJob.ts';
import { completeDeliveryJob, plausibleDeliveryJob, statusAt } from './deliveryJob.ts';

export interface TrailOptions {
  /** Oldest first where createdAtMs is absent. A job created in the future is listed from then on. @default none */
  readonly jobs?: readonly DeliveryJobSpec[];
  /** The service documents no order. @default newest-first */
  readonly order?: ListingOrder;
  /** @default none */
  readonly churn?: Churn;
  /** What a server that caps pages says of them: the size it really gave, the size it was asked for, or nothing. @default given */
  readonly pageSizeTold?: 'given' | 'asked' | 'absent';
}

/** A page as it was asked for. */
export interface AskedPage {
  /** From 1. */
  readonly pageNumber: number;
  /** 1 to 100. */
  readonly pageSize: number;
}

/** The delivery jobs of one account, as its home region lists them. */
export class Trail {
  readonly living: LivingJobs<DeliveryJob, DeliveryJobSpec>;
  readonly pageSizeTold: 'given' | 'asked' | 'absent';
  /** What the last List asked for; null before the first. A repeated page answers this again. */
  lastListed: AskedPage | null = null;

  constructor(options: TrailOptions, world: { readonly seed: number; readonly nowMs: number }) {
    this.pageSizeTold = options.pageSizeTold ?? 'given';
    const seed = `${world.seed}/actiontrail`;
    this.living = new LivingJobs(
      {
        seed,
        order: options.order ?? 'newest-first',
        churn: options.churn,
        specs: options.jobs ?? [],
        complete: (spec, nowMs) => completeDeliveryJob(spec, { seed, nowMs }),
        madeUp: (ordinal) => plausibleDeliveryJob(seed, ordinal),
        isOver: (job, nowMs) => statusAt(job, nowMs) >= 2,
      },
      world.nowMs,
    );
  }
}
