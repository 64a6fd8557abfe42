import type { Answer } from '../answer.ts';
import type { FaultPlan, RowFault } from '../faults.ts';
import { ROW_FAULTS } from '../faults.ts';
import type { SimulatedRequest } from '../request.ts';
import type { DownloadJob } from './downloadJob.ts';
import type { Moment } from './jobList.ts';
import type { Project } from './project.ts';
import type { LinkStamp } from './render.ts';

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

/** The faults that this job's row carries in this answer. `isChosen`: it is the one row that scheduled faults strike. */
export function rowFaultsOf(
  call: Pick<SlsCall, 'faults' | 'project'>,
  job: DownloadJob,
  place: { readonly isChosen: boolean },
): readonly RowFault[] {
  const { rowShares, oneRow } = call.faults;
  if (rowShares.size === 0 && oneRow.length === 0) return [];
  return ROW_FAULTS.filter(
    (fault) =>
      (place.isChosen && oneRow.includes(fault)) ||
      call.project.unitOf(fault, job.name) < (rowShares.get(fault) ?? 0),
  );
}
