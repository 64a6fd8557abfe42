import { renderRow, linkStamp } from './sls/render.ts';
import type { DownloadJobRow, JobSpec } from './sls/downloadJob.ts';
import { statusesUntil } from './sls/downloadJob.ts';
import type { JobLife, Moment } from './sls/jobList.ts';
import type { Project } from './sls/project.ts';

/** What is really so in a project, for tests and demos to compare with and to change, past every fault. */
export interface ProjectTruth {
  /** The list as it stands, in listing order, each row as ListDownloadJobs shows it without faults; links differ by answer. */
  readonly jobs: () => readonly DownloadJobRow[];
  /** @throws Error when the name is taken */
  readonly insert: (job: JobSpec) => void;
  /** @returns false when no such job is listed */
  readonly delete: (name: string) => boolean;
  /** Every job that was ever listed, in order of insertion, with the time and the requests it was listed for. */
  readonly history: () => readonly JobLife[];
  /** The statuses a listed job has had until now, oldest first. Empty for a job that is not listed. */
  readonly statuses: (
    name: string,
  ) => readonly { readonly status: string; readonly sinceMs: number }[];
}

/** `moment` tells the time of each call. */
export function projectTruth(project: Project, seed: number, moment: () => Moment): ProjectTruth {
  const now = (): Moment => {
    const at = moment();
    project.advance(at);
    return at;
  };
  return {
    jobs: () => {
      const at = now();
      const stamp = linkStamp(seed, 0, at.nowMs);
      return project.jobs
        .page({ offset: 0, size: project.jobs.size })
        .map((job) => renderRow(job, at.nowMs, stamp));
    },
    insert: (job) => {
      if (project.insert(job, now()) === null) throw new Error(`job ${job.name} exists already`);
    },
    delete: (name) => project.jobs.remove(name, now()),
    history: () => {
      now();
      return project.jobs.lives();
    },
    statuses: (name) => {
      const at = now();
      const job = project.jobs.find(name);
      return job === undefined ? [] : statusesUntil(job, at.nowMs);
    },
  };
}
