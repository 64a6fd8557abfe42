import type { FileFacts } from '../oss/exportFile.ts';
import type { ExportFileSpec, FileFormat } from '../oss/fileSpec.ts';
import { hash32, pickOf, unitOf, wholeOf } from '../random.ts';

/** Where a job ends. `never`: it runs on, its progress creeping towards 99 %. */
export type JobEnding =
  /** With facts of a file, and a link that leads to none: cheap, for lists of very many jobs. */
  | { readonly status: 'SUCCEEDED'; readonly fileBytes: number; readonly logCount: number }
  /** With a file that the link leads to; the facts are those of its bytes. */
  | { readonly status: 'SUCCEEDED'; readonly file: ExportFileSpec }
  | { readonly status: 'ERROR'; readonly errorMessage: string }
  | { readonly status: 'never' };

export interface JobTarget extends FileFormat {
  readonly roleArn: string;
  readonly bucket: string;
  readonly prefix: string;
}

/** A download job with its whole life decided: what it answers at a time follows from this alone. */
export interface DownloadJob {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly logstore: string;
  readonly query: string;
  /** Unix seconds. */
  readonly fromTime: number;
  /** Unix seconds. */
  readonly toTime: number;
  readonly powerSql: boolean;
  readonly allowInComplete: boolean;
  readonly target: JobTarget;
  /** Epoch milliseconds. In the future: the job is not listed before then. */
  readonly createdAtMs: number;
  /** How long it stays STARTING. Milliseconds. */
  readonly startMs: number;
  /** How long it then stays RUNNING. Milliseconds. */
  readonly runMs: number;
  readonly ending: JobEnding;
}

/** What a test or a scenario says about a job; whatever it leaves out is made up, plausibly and by seed. */
export type JobSpec = Partial<Omit<DownloadJob, 'target'>> & {
  readonly name: string;
  readonly target?: Partial<JobTarget>;
  /** Its file if it SUCCEEDED, where how it ends is drawn. */
  readonly file?: ExportFileSpec;
};

/** How jobs without times of their own live. Ranges are [min, max] in milliseconds, both inclusive. */
export interface Lifecycle {
  /** @default [1000, 3000] */
  readonly startMs?: readonly [number, number];
  /** @default [5000, 20000] */
  readonly runMs?: readonly [number, number];
  /** Share that ends in ERROR, 0..1. @default 0.05 */
  readonly failShare?: number;
  /** Share that never ends, 0..1. @default 0 */
  readonly endlessShare?: number;
}

const HOUR_SECONDS = 3600;
const ERROR_MESSAGES = [
  'timeout',
  'The query exceeded the maximum execution time of 600 seconds.',
  'Column "status" cannot be resolved: please add the field to the index.',
  'AccessDenied: the role has no permission to write to the destination bucket.',
  'The file exceeds the maximum size of a download.',
] as const;

/** Fills in what a spec leaves open. The same seed and name give the same job, whatever else exists. */
export function completeJob(
  { file, ...spec }: JobSpec,
  world: { readonly seed: string; readonly lifecycle: Lifecycle; readonly nowMs: number },
): DownloadJob {
  const key = [world.seed, spec.name];
  const createdAtMs = spec.createdAtMs ?? world.nowMs;
  const toTime = spec.toTime ?? Math.floor(createdAtMs / 1000 / HOUR_SECONDS) * HOUR_SECONDS;
  return {
    displayName: spec.name,
    description: '',
    logstore: 'app_log',
    query: '*',
    fromTime: toTime - HOUR_SECONDS,
    powerSql: false,
    allowInComplete: false,
    startMs: wholeOf([...key, 'start'], ...(world.lifecycle.startMs ?? [1000, 3000])),
    runMs: wholeOf([...key, 'run'], ...(world.lifecycle.runMs ?? [5000, 20_000])),
    ending: withFile(drawEnding(key, world.lifecycle), file),
    ...spec,
    toTime,
    createdAtMs,
    target: {
      contentType: 'csv',
      compressionType: 'gzip',
      roleArn: 'acs:ram::123456:role/aliyunlogimportossrole',
      bucket: 'simulated-exports',
      prefix: 'download/',
      ...spec.target,
    },
  };
}

function drawEnding(key: readonly string[], lifecycle: Lifecycle): JobEnding {
  const draw = unitOf([...key, 'ending']);
  const failShare = lifecycle.failShare ?? 0.05;
  if (draw < failShare) {
    return { status: 'ERROR', errorMessage: pickOf([...key, 'message'], ERROR_MESSAGES) };
  }
  if (draw < failShare + (lifecycle.endlessShare ?? 0)) return { status: 'never' };
  const logCount = wholeOf([...key, 'rows'], 120, 900_000);
  return { status: 'SUCCEEDED', logCount, fileBytes: logCount * wholeOf([...key, 'row'], 40, 220) };
}

function withFile(ending: JobEnding, file: ExportFileSpec | undefined): JobEnding {
  return file === undefined || ending.status !== 'SUCCEEDED'
    ? ending
    : { status: 'SUCCEEDED', file };
}

/** What a job is doing at a time. `progressPercent`: 0..100. `elapsedMs`: since it left STARTING. */
export type JobPhase =
  | { readonly status: 'STARTING' }
  | { readonly status: 'RUNNING'; readonly progressPercent: number; readonly elapsedMs: number }
  | { readonly status: 'SUCCEEDED' }
  | { readonly status: 'ERROR'; readonly progressPercent: number; readonly errorMessage: string };

/** Only moves forward with `nowMs`: STARTING, RUNNING with growing progress, then one end or none. */
export function phaseAt(job: DownloadJob, nowMs: number): JobPhase {
  const elapsedMs = nowMs - job.createdAtMs - job.startMs;
  if (elapsedMs < 0) return { status: 'STARTING' };
  const { ending } = job;
  const share = job.runMs === 0 ? 1 : elapsedMs / job.runMs;
  if (ending.status === 'never') {
    return {
      status: 'RUNNING',
      progressPercent: Math.floor(99 * (1 - 1 / (1 + share))),
      elapsedMs,
    };
  }
  const peakPercent = ending.status === 'ERROR' ? wholeOf([job.name, 'peak'], 3, 97) : 100;
  const progressPercent = Math.floor(Math.min(1, share) * peakPercent);
  if (share < 1) return { status: 'RUNNING', progressPercent, elapsedMs };
  return ending.status === 'ERROR'
    ? { status: 'ERROR', progressPercent, errorMessage: ending.errorMessage }
    : { status: 'SUCCEEDED' };
}

/** The statuses a job has had until `nowMs`, oldest first. */
export function statusesUntil(
  job: DownloadJob,
  nowMs: number,
): readonly { readonly status: string; readonly sinceMs: number }[] {
  const runningSinceMs = job.createdAtMs + job.startMs;
  const overSinceMs = runningSinceMs + job.runMs;
  return [
    { status: 'STARTING', sinceMs: job.createdAtMs },
    { status: 'RUNNING', sinceMs: runningSinceMs },
    ...(job.ending.status === 'never' ? [] : [{ status: job.ending.status, sinceMs: overSinceMs }]),
  ].filter(({ sinceMs }) => sinceMs <= nowMs);
}

/** One row of the answer, field for field as the API page (sls-list-download-jobs, 2025-11-12) has it. */
export interface DownloadJobRow {
  readonly description: string;
  readonly configuration: {
    readonly logstore: string;
    readonly fromTime: number;
    readonly toTime: number;
    readonly query: string;
    readonly powerSql: boolean;
    /** Text in List, boolean in Get (API pages). */
    readonly allowInComplete: string | boolean;
    readonly sink: JobTarget & { readonly type: 'AliyunOSS' };
  };
  readonly displayName: string;
  readonly executionDetails: {
    readonly progress: number;
    readonly filePath?: string;
    readonly fileSize?: number;
    readonly executeTime?: number;
    readonly logCount?: number;
    readonly errorMessage?: string;
    readonly checkSum?: string;
    readonly notice: string;
  };
  readonly name: string;
  /** Unix seconds as text. */
  readonly createTime: string;
  readonly status: string;
}

/** What a SUCCEEDED job says of its file. */
export interface ShownFile extends FileFacts {
  readonly link: string;
}

/** `file` is asked for of a SUCCEEDED job only: finding its facts may take rendering it. */
export function rowOf(job: DownloadJob, phase: JobPhase, file: () => ShownFile): DownloadJobRow {
  return {
    description: job.description,
    configuration: {
      logstore: job.logstore,
      fromTime: job.fromTime,
      toTime: job.toTime,
      query: job.query,
      powerSql: job.powerSql,
      allowInComplete: String(job.allowInComplete),
      sink: { ...job.target, type: 'AliyunOSS' },
    },
    displayName: job.displayName,
    executionDetails: detailsOf(job, phase, file),
    name: job.name,
    createTime: String(Math.floor(job.createdAtMs / 1000)),
    status: phase.status,
  };
}

function detailsOf(
  job: DownloadJob,
  phase: JobPhase,
  file: () => ShownFile,
): DownloadJobRow['executionDetails'] {
  const runSeconds = Math.ceil(job.runMs / 1000);
  switch (phase.status) {
    case 'STARTING':
      return { progress: 0, notice: '' };
    case 'RUNNING':
      return {
        progress: phase.progressPercent,
        executeTime: Math.floor(phase.elapsedMs / 1000),
        notice: '',
      };
    case 'SUCCEEDED': {
      const { link, fileBytes, logCount, checkSum } = file();
      return {
        progress: 100,
        filePath: link,
        fileSize: fileBytes,
        executeTime: runSeconds,
        logCount,
        checkSum,
        notice: '',
      };
    }
    case 'ERROR':
      return {
        progress: phase.progressPercent,
        executeTime: runSeconds,
        errorMessage: phase.errorMessage,
        notice: '',
      };
  }
}

/** The facts of a file that does not exist. The checksum looks like the MD5 that an ETag is for small files. */
export function madeUpFacts(job: DownloadJob): FileFacts {
  const { ending } = job;
  const { fileBytes, logCount } = 'fileBytes' in ending ? ending : { fileBytes: 0, logCount: 0 };
  const checkSum = [0, 1, 2, 3]
    .map((part) => hash32([job.name, part]).toString(16).padStart(8, '0'))
    .join('')
    .toUpperCase();
  return { fileBytes, logCount, checkSum };
}
