import type { ListingOrder } from '../jobList.ts';
import type { Churn } from '../livingJobs.ts';
import { LivingJobs } from '../livingJobs.ts';
import type { ObjectPlace } from '../oss/links.ts';
import { linkStamp } from '../oss/links.ts';
import type { ExportFileSpec } from '../oss/fileSpec.ts';
import type { DownloadJob, JobSpec, Lifecycle } from './downloadJob.ts';
import { completeJob, phaseAt } from './downloadJob.ts';
import { exportFileOf } from './jobFile.ts';
import type { LogstoreOptions } from './logs.ts';
import { Logstore } from './logs.ts';
import { plausibleJob } from './plausibleJob.ts';
import { renderRowBytes } from './render.ts';

export interface ProjectOptions {
  /** Oldest first where createdAtMs is absent. A job created in the future is listed from then on. @default none */
  readonly jobs?: readonly JobSpec[];
  /** When given, CreateDownloadJob on another logstore is 404 LogStoreNotExist. */
  readonly logstores?: readonly string[];
  /** Rows; larger sizes are capped without a word. @default 500 */
  readonly pageSizeMax?: number;
  /** @default newest-first */
  readonly order?: ListingOrder;
  readonly lifecycle?: Lifecycle;
  /** @default none */
  readonly churn?: Churn;
  /** The file of a job that comes by churn or by a fault. @default none: its link answers 404 */
  readonly madeUpFile?: ExportFileSpec;
  /** What GetProjectLogs finds, by Logstore. @default none */
  readonly logs?: Readonly<Record<string, LogstoreOptions>>;
  /** What CreateDownloadJob answers for a name that is taken; the real code is unknown. @default 400 IdempotentParameterMismatch */
  readonly jobExists?: JobExists;
}

export interface JobExists {
  readonly status: number;
  readonly errorCode: string;
}

/** A stretch of the listing. `offset` and `size` in rows. */
export interface ListedRange {
  readonly offset: number;
  readonly size: number;
  readonly logstore: string | undefined;
}

/** One project of the cloud. */
export class Project {
  readonly name: string;
  readonly pageSizeMax: number;
  readonly logstores: readonly string[] | undefined;
  readonly living: LivingJobs<DownloadJob, JobSpec>;
  readonly logs: ReadonlyMap<string, Logstore>;
  readonly place: ObjectPlace;
  readonly jobExists: JobExists;
  /** CreateDownloadJob calls that made a job: each is paid for. */
  created = 0;
  /** What the last List asked for; null before the first. A repeated page answers this again. */
  lastListed: ListedRange | null = null;

  constructor(
    name: string,
    options: ProjectOptions,
    world: Omit<ObjectPlace, 'project'> & { readonly nowMs: number },
  ) {
    const { nowMs, ...place } = world;
    this.name = name;
    this.place = { ...place, project: name };
    this.jobExists = options.jobExists ?? {
      status: 400,
      errorCode: 'IdempotentParameterMismatch',
    };
    this.pageSizeMax = options.pageSizeMax ?? 500;
    this.logstores = options.logstores;
    const seed = `${world.seed}/${name}`;
    const lifecycle = options.lifecycle ?? {};
    this.living = new LivingJobs(
      {
        seed,
        order: options.order ?? 'newest-first',
        churn: options.churn,
        specs: options.jobs ?? [],
        complete: (spec, nowMs) => completeJob(spec, { seed, lifecycle, nowMs }),
        madeUp: (ordinal) => ({
          ...plausibleJob(seed, ordinal),
          ...(options.madeUpFile === undefined ? {} : { file: options.madeUpFile }),
        }),
        isOver,
      },
      nowMs,
    );
    this.logs = new Map(
      Object.entries(options.logs ?? {}).map(([logstore, logs]) => [
        logstore,
        new Logstore(`${seed}/${logstore}`, logs),
      ]),
    );
    // Rendered up front, files apart: a benchmark reads each row once, and is to measure its reader, not this.
    const { list } = this.living;
    const stamp = linkStamp(this.place, 0, nowMs);
    for (const job of list.page({ offset: 0, size: list.size })) {
      if (exportFileOf(job) === null) renderRowBytes(job, nowMs, stamp);
    }
  }
}

function isOver(job: DownloadJob, nowMs: number): boolean {
  const { status } = phaseAt(job, nowMs);
  return status === 'SUCCEEDED' || status === 'ERROR';
}
