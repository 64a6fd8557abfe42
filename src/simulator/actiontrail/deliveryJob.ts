import { hash32, unitOf, wholeOf } from '../random.ts';

/** What JobStatus says (API page): 0 initializing, 1 delivering, 2 complete, 3 failed. */
export type JobStatus = 0 | 1 | 2 | 3;

/** A backfill job with its whole life decided: what it answers at a time follows from this alone. */
export interface DeliveryJob {
  /** JobId in decimal: 64 bit, so that a double does not hold every one. */
  readonly name: string;
  readonly trailName: string;
  readonly homeRegion: string;
  /** The regions whose events are delivered, one after the other. */
  readonly regions: readonly string[];
  /** The window of events. Epoch milliseconds. */
  readonly startTimeMs: number;
  readonly endTimeMs: number;
  /** Epoch milliseconds. In the future: the job is not listed before then. */
  readonly createdAtMs: number;
  /** How long it initializes. Milliseconds. */
  readonly startMs: number;
  /** How long it then delivers. Milliseconds. */
  readonly runMs: number;
  /** `never`: it delivers on, its last region always under way. */
  readonly ending: 'complete' | 'failed' | 'never';
}

/** What a test or a scenario says about a job; whatever it leaves out is made up, plausibly and by seed. */
export type DeliveryJobSpec = Partial<DeliveryJob> & { readonly name: string };

const DAY_MS = 86_400_000;
const REGIONS = ['cn-hangzhou', 'cn-shanghai', 'cn-beijing', 'ap-southeast-1'] as const;

/** Fills in what a spec leaves open. The same seed and id give the same job, whatever else exists. */
export function completeDeliveryJob(
  spec: DeliveryJobSpec,
  world: { readonly seed: string; readonly nowMs: number },
): DeliveryJob {
  const key = [world.seed, spec.name];
  const createdAtMs = spec.createdAtMs ?? world.nowMs;
  return {
    trailName: `audit-trail-${hash32([...key, 'trail']) % 3}`,
    homeRegion: 'cn-hangzhou',
    regions: REGIONS.slice(0, wholeOf([...key, 'regions'], 1, REGIONS.length)),
    // Events of the last 90 days can be delivered (CreateDeliveryHistoryJob).
    startTimeMs: createdAtMs - wholeOf([...key, 'days'], 1, 90) * DAY_MS,
    endTimeMs: createdAtMs + 5 * 60_000,
    startMs: wholeOf([...key, 'start'], 1_000, 3_000),
    runMs: wholeOf([...key, 'run'], 5_000, 20_000),
    ending: unitOf([...key, 'ending']) < 0.1 ? 'failed' : 'complete',
    ...spec,
    createdAtMs,
  };
}

/** Ids far beyond 2^53, all odd: a reader that holds them as doubles mixes up neighbours. */
export function plausibleDeliveryJob(seed: string, ordinal: number): DeliveryJobSpec {
  const base = 9_007_199_254_740_993n + BigInt(hash32([seed, 'ids'])) * 1_000_000n;
  return { name: String(base + 2n * BigInt(ordinal)) };
}

/** Only moves forward with `nowMs`. */
export function statusAt(job: DeliveryJob, nowMs: number): JobStatus {
  return statusesUntil(job, nowMs).at(-1)?.status ?? 0;
}

/** The statuses a job has had until `nowMs`, oldest first. */
export function statusesUntil(
  job: DeliveryJob,
  nowMs: number,
): readonly { readonly status: JobStatus; readonly sinceMs: number }[] {
  const runsSinceMs = job.createdAtMs + job.startMs;
  const end = { complete: [2], failed: [3], never: [] }[job.ending] as readonly JobStatus[];
  return [
    { status: 0 as const, sinceMs: job.createdAtMs },
    { status: 1 as const, sinceMs: runsSinceMs },
    ...end.map((status) => ({ status, sinceMs: runsSinceMs + job.runMs })),
  ].filter(({ sinceMs }) => sinceMs <= nowMs);
}

/** How far each region is: they are delivered in turn, and a job fails in its last one. */
export function regionStatusesAt(
  job: DeliveryJob,
  nowMs: number,
): readonly { readonly Region: string; readonly Status: JobStatus }[] {
  const status = statusAt(job, nowMs);
  const share = (nowMs - job.createdAtMs - job.startMs) / Math.max(1, job.runMs);
  const last = job.regions.length - 1;
  const current = Math.min(last, Math.floor(share * job.regions.length));
  return job.regions.map((Region, index) => {
    if (status === 0) return { Region, Status: 0 };
    if (status !== 1) return { Region, Status: index === last ? status : 2 };
    return { Region, Status: index < current ? 2 : index === current ? 1 : 0 };
  });
}

/** One row of the answer, as the API page has it, but for JobId: a number, which no double can hold. */
export interface DeliveryJobRow {
  /** Decimal. */
  readonly JobId: string;
  readonly TrailName: string;
  readonly HomeRegion: string;
  readonly JobStatus: JobStatus;
  readonly CreatedTime: string;
  readonly UpdatedTime: string;
  readonly StartTime: string;
  readonly EndTime: string;
}

/** UpdatedTime: when its status last changed. */
export function deliveryJobRow(job: DeliveryJob, nowMs: number): DeliveryJobRow {
  return {
    JobId: job.name,
    TrailName: job.trailName,
    HomeRegion: job.homeRegion,
    JobStatus: statusAt(job, nowMs),
    CreatedTime: isoSeconds(job.createdAtMs),
    UpdatedTime: isoSeconds(statusesUntil(job, nowMs).at(-1)?.sinceMs ?? job.createdAtMs),
    StartTime: isoSeconds(job.startTimeMs),
    EndTime: isoSeconds(job.endTimeMs),
  };
}

/** `2021-04-26T03:17:04Z` */
function isoSeconds(timeMs: number): string {
  return new Date(timeMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
