import type { Answer } from './answer.ts';
import type { FaultPlan } from './faults.ts';
import type { Moment } from './jobList.ts';
import type { SimulatedRequest } from './request.ts';

/** How one request was answered, and what is to happen to the answer on its way. */
export interface Outcome {
  /** `none` where no API could be told. */
  readonly api: string;
  readonly answer: Answer;
  /** null: delivered as it is. */
  readonly faults: FaultPlan | null;
}

/** When a request came, its number since the start (from 1; the truth is told by it), and the id it is answered under. */
export interface Arrival extends Moment {
  readonly requestId: string;
}

/**
 * One product of the simulated cloud. The server asks the products in turn: the first that claims a request answers it,
 * signature and all, so that another product is one more file with its own signatures, error shapes and APIs.
 */
export interface SimulatedProduct {
  /** The header that carries the request id: each product has its own. */
  readonly requestIdHeader:
    'x-log-requestid' | 'x-acs-request-id' | 'x-oss-request-id' | 'x-request-id';
  readonly claims: (request: SimulatedRequest) => boolean;
  readonly answer: (request: SimulatedRequest, at: Arrival) => Outcome;
}
