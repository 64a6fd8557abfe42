import type { DeliveryJob, DeliveryJobRow, DeliveryJobSpec } from './actiontrail/deliveryJob.ts';
import {
  deliveryJobRow,
  statusesUntil as deliveryStatusesUntil,
} from './actiontrail/deliveryJob.ts';
import type { Trail } from './actiontrail/trail.ts';
import type { JobLife, Moment } from './jobList.ts';
import type { LivingJobs } from './livingJobs.ts';
import { linkStamp } from './oss/links.ts';
import type { DownloadJob, DownloadJobRow, JobSpec } from './sls/downloadJob.ts';
import { statusesUntil } from './sls/downloadJob.ts';
import { exportFileOf } from './sls/jobFile.ts';
import type { Project } from './sls/project.ts';
import type { LogFields } from './sls/logQuery.ts';
import { renderRow } from './sls/render.ts';

/** What is really so in a list of jobs, for tests and demos to compare with and to change, past every fault. */
export interface JobsTruth<Job, Row, Spec, Status> {
  /** The list as it stands, in listing order, each row as List shows it without faults; links differ by answer. */
  readonly jobs: () => readonly Row[];
  /** @throws Error when the name is taken */
  readonly insert: (job: Spec) => void;
  /** @returns false when no such job is listed */
  readonly delete: (name: string) => boolean;
  /** Every job that was ever listed, in order of insertion, with the time and the requests it was listed for. */
  readonly history: () => readonly JobLife<Job>[];
  /** The statuses a listed job has had until now, oldest first. Empty for a job that is not listed. */
  readonly statuses: (
    name: string,
  ) => readonly { readonly status: Status; readonly sinceMs: number }[];
}

export interface ProjectTruth extends JobsTruth<DownloadJob, DownloadJobRow, JobSpec, string> {
  /** What is really in the file of a listed job that SUCCEEDED, or will. null: it has none. */
  readonly file: (name: string) => FileTruth | null;
  /** CreateDownloadJob calls that made a job, whatever became of their answers: each is paid for. */
  readonly created: () => number;
}

/** Rendered at each call. */
export interface FileTruth {
  /** In order; without those that cannot be read. */
  readonly rows: readonly LogFields[];
  readonly bytes: Buffer;
  /** As the job's checkSum has it, without quotes. */
  readonly etag: string;
}

export type TrailTruth = JobsTruth<DeliveryJob, DeliveryJobRow, DeliveryJobSpec, number>;

/** `moment` tells the time of each call. */
export function projectTruth(project: Project, moment: () => Moment): ProjectTruth {
  const row = (job: DownloadJob, nowMs: number): DownloadJobRow =>
    renderRow(job, nowMs, linkStamp(project.place, 0, nowMs));
  return {
    ...jobsTruth(project.living, { row, statusesUntil }, moment),
    file: (name) => {
      project.living.advance(moment());
      const job = project.living.list.find(name);
      const file = job === undefined ? null : exportFileOf(job);
      if (file === null) return null;
      const { fileBytes, checkSum } = file.facts();
      return {
        rows: file.rows(),
        bytes: Buffer.concat([...file.pieces(0, fileBytes)]),
        etag: checkSum,
      };
    },
    created: () => project.created,
  };
}

/** The same for the delivery jobs of ActionTrail; a job's name is its id. */
export function trailTruth(trail: Trail, moment: () => Moment): TrailTruth {
  return jobsTruth(
    trail.living,
    { row: deliveryJobRow, statusesUntil: deliveryStatusesUntil },
    moment,
  );
}

function jobsTruth<
  Job extends { readonly name: string; readonly createdAtMs: number },
  Row,
  Spec extends { readonly name: string },
  Status,
>(
  living: LivingJobs<Job, Spec>,
  show: {
    readonly row: (job: Job, nowMs: number) => Row;
    readonly statusesUntil: (
      job: Job,
      nowMs: number,
    ) => readonly { readonly status: Status; readonly sinceMs: number }[];
  },
  moment: () => Moment,
): JobsTruth<Job, Row, Spec, Status> {
  const now = (): Moment => {
    const at = moment();
    living.advance(at);
    return at;
  };
  return {
    jobs: () => {
      const at = now();
      const all = living.list.page({ offset: 0, size: living.list.size });
      return all.map((job) => show.row(job, at.nowMs));
    },
    insert: (spec) => {
      if (living.insert(spec, now()) === null) throw new Error(`job ${spec.name} exists already`);
    },
    delete: (name) => living.list.remove(name, now()),
    history: () => {
      now();
      return living.list.lives();
    },
    statuses: (name) => {
      const at = now();
      const job = living.list.find(name);
      return job === undefined ? [] : show.statusesUntil(job, at.nowMs);
    },
  };
}
