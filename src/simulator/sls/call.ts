import type { Answer } from '../answer.ts';
import type { FaultPlan } from '../faults.ts';
import type { SimulatedRequest } from '../request.ts';
import type { Moment } from '../jobList.ts';
import type { LinkStamp } from '../oss/links.ts';
import type { Project } from './project.ts';

/** A request that was believed and routed: everything an API needs to answer it. */
export interface SlsCall {
  readonly request: SimulatedRequest;
  readonly project: Project;
  /** What stands in the path behind the collection: a job's name. Empty for the collection itself. */
  readonly resource: string;
  readonly at: Moment;
  readonly links: LinkStamp;
  readonly faults: FaultPlan;
}

/** One API of SLS, one file each. */
export interface SlsApi {
  /** `ListDownloadJobs` */
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Matches the decoded path; its first group, if any, is the resource. */
  readonly path: RegExp;
  readonly answer: (call: SlsCall) => Answer;
}
