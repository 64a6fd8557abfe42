import type { DeliveryJobSpec } from './actiontrail/deliveryJob.ts';
import { plausibleDeliveryJob } from './actiontrail/deliveryJob.ts';
import type { TrailOptions } from './actiontrail/trail.ts';
import { demoChecks } from './huawei/demoChecks.ts';
import { demoExecutions } from './oos/demoExecutions.ts';
import type { SimulatorOptions } from './server.ts';
import type { JobSpec, JobTarget } from './sls/downloadJob.ts';
import { PLAUSIBLE_LOGSTORES, plausibleJob } from './sls/plausibleJob.ts';
import type { Churn } from './livingJobs.ts';

/** Everything startSimulator needs besides where to listen: `startSimulator({ ...demoScenario({...}), port })`. */
export type Scenario = Pick<
  SimulatorOptions,
  'seed' | 'accounts' | 'region' | 'projects' | 'trail' | 'huawei' | 'oos'
>;

/** The project of every scenario: the API pages' own example name. */
export const SCENARIO_PROJECT = 'big-game';

/** Made-up keys: they open the simulator and nothing else. */
export const SCENARIO_ACCOUNT = {
  accessKeyId: 'simulated-key-id',
  accessKeySecret: 'simulated-key-secret',
} as const;

const SEED = 20_261_122;
const REGION = 'cn-hangzhou';
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Logs of the demo: that long before it begins, and as many a second. One in eight is an ERROR. */
const DEMO_LOG_MINUTES = 10;
const DEMO_LOGS_PER_SECOND = 2;
/** Errors that the demo's logs hold when it begins. */
export const DEMO_ERRORS = (DEMO_LOG_MINUTES * 60 * DEMO_LOGS_PER_SECOND) / 8;

/**
 * A small world for `logferry demo`: six jobs long over (one of them in ERROR), six under way, four that appear within
 * 14 s. Every job is over 25 s after `nowMs`, one more of them in ERROR. Beside them five delivery jobs of ActionTrail, two
 * under way, one of them failing at the end.
 * And three code checks of Huawei Cloud.
 */
export function demoScenario(world: {
  /** When the demo starts. Epoch milliseconds. */
  readonly nowMs: number;
  /** Keeps the list moving after that. @default none */
  readonly churn?: Churn;
}): Scenario {
  const at = (offsetMs: number): number => world.nowMs + offsetMs;
  const over = (ordinal: number, ageMinutes: number): JobSpec => ({
    ...plausibleJob('demo', ordinal),
    createdAtMs: at(-ageMinutes * MINUTE_MS),
    startMs: 2000,
    runMs: 45_000,
    ...finished(ordinal, at(-ageMinutes * MINUTE_MS)),
  });
  /** Created at `createdOffsetMs`, SUCCEEDED at `endOffsetMs` from the start of the demo. */
  const underWay = (ordinal: number, createdOffsetMs: number, endOffsetMs: number): JobSpec => ({
    ...plausibleJob('demo', ordinal),
    createdAtMs: at(createdOffsetMs),
    startMs: 1500,
    runMs: endOffsetMs - createdOffsetMs - 1500,
    ...finished(ordinal, at(createdOffsetMs)),
  });
  return {
    seed: SEED,
    accounts: [SCENARIO_ACCOUNT],
    region: REGION,
    trail: demoTrail(world),
    huawei: demoChecks(world.nowMs),
    oos: { executions: demoExecutions(world.nowMs), logsPerPageMax: 10 },
    projects: {
      [SCENARIO_PROJECT]: {
        logstores: PLAUSIBLE_LOGSTORES,
        lifecycle: { startMs: [1000, 3000], runMs: [6000, 30_000], failShare: 0.1 },
        ...(world.churn === undefined ? {} : { churn: world.churn }),
        madeUpFile: { madeRows: 400, fromS: secondOf(at(-DAY_MS)), perSecond: 0.1 },
        // On through a day of the demo.
        logs: {
          app_log: {
            made: {
              fromS: secondOf(at(-DEMO_LOG_MINUTES * MINUTE_MS)),
              toS: secondOf(at(DAY_MS)),
              perSecond: DEMO_LOGS_PER_SECOND,
            },
          },
        },
        jobs: [
          ...[1, 2, 3, 4, 5].map((ordinal) => over(ordinal, 180 - ordinal * 25)),
          {
            ...over(6, 42),
            ending: {
              status: 'ERROR',
              errorMessage:
                'Column "status" cannot be resolved: please add the field to the index.',
            },
          },
          underWay(7, -38_000, 5000),
          underWay(8, -31_000, 8000),
          underWay(9, -22_000, 12_000),
          {
            ...underWay(10, -14_000, 15_000),
            ending: {
              status: 'ERROR',
              errorMessage: 'The query exceeded the maximum execution time of 600 seconds.',
            },
          },
          underWay(11, -6000, 17_000),
          underWay(12, -500, 19_000),
          underWay(13, 3000, 14_000),
          underWay(14, 6000, 20_000),
          underWay(15, 10_000, 23_000),
          underWay(16, 14_000, 25_000),
        ],
      },
    },
  };
}

/**
 * `count` jobs that are over, one second apart, the newest just before `nowMs`: for benchmarks and `simulate --jobs`.
 * One in 20 ended in ERROR. The list does not move.
 */
export function bulkScenario(world: {
  /** >= 0 */
  readonly count: number;
  readonly nowMs: number;
}): Scenario {
  const jobs = Array.from({ length: world.count }, (_, index) => ({
    ...plausibleJob('bulk', index + 1),
    createdAtMs: world.nowMs - (world.count - index) * 1000 - 10 * MINUTE_MS,
  }));
  return {
    seed: SEED,
    accounts: [SCENARIO_ACCOUNT],
    region: REGION,
    projects: { [SCENARIO_PROJECT]: { logstores: PLAUSIBLE_LOGSTORES, jobs } },
  };
}

/**
 * `count` jobs that SUCCEEDED, each with a real file of `rows` made-up entries: for benchmarks and `simulate --exports`. One
 * second apart, the newest just before `nowMs`.
 */
export function bulkExportsScenario(world: {
  /** >= 0 */
  readonly count: number;
  /** Of each file. @default 1,000 */
  readonly rows?: number;
  /** @default csv and json in turn */
  readonly contentType?: JobTarget['contentType'];
  /** @default each in turn */
  readonly compressionType?: JobTarget['compressionType'];
  /** The ETag of every file is of a form that nobody knows; so a very large file need not be read through. @default false */
  readonly unknownEtags?: boolean;
  readonly nowMs: number;
}): Scenario {
  const { count, rows = 1_000, contentType, compressionType, nowMs } = world;
  const jobs = Array.from({ length: count }, (_, index): JobSpec => {
    const createdAtMs = nowMs - (count - index) * 1000 - 10 * MINUTE_MS;
    const { target } = finished(index, createdAtMs);
    const etag = world.unknownEtags === true ? { etag: `EXPORT-${index + 1}` } : {};
    const fromS = secondOf(createdAtMs) - Math.ceil(rows / 1_000) - 1;
    return {
      ...plausibleJob('exports', index + 1),
      createdAtMs,
      startMs: 1_000,
      runMs: 2_000,
      target: {
        ...target,
        ...(contentType === undefined ? {} : { contentType }),
        ...(compressionType === undefined ? {} : { compressionType }),
      },
      ending: { status: 'SUCCEEDED', file: { madeRows: rows, fromS, perSecond: 1_000, ...etag } },
    };
  });
  return {
    seed: SEED,
    accounts: [SCENARIO_ACCOUNT],
    region: REGION,
    projects: { [SCENARIO_PROJECT]: { logstores: PLAUSIBLE_LOGSTORES, jobs } },
  };
}

function demoTrail(world: { readonly nowMs: number; readonly churn?: Churn }): TrailOptions {
  const job = (ordinal: number, startedAgoMs: number, runMs: number): DeliveryJobSpec => ({
    ...plausibleDeliveryJob('demo', ordinal),
    createdAtMs: world.nowMs - startedAgoMs,
    startMs: 2_000,
    runMs,
    ending: 'complete',
  });
  return {
    ...(world.churn === undefined ? {} : { churn: world.churn }),
    jobs: [
      job(1, 40 * MINUTE_MS, 90_000),
      { ...job(2, 31 * MINUTE_MS, 60_000), ending: 'failed' },
      job(3, 12 * MINUTE_MS, 240_000),
      job(4, 3_000, 13_000),
      { ...job(5, -6_000, 12_000), ending: 'failed' },
    ],
  };
}

/**
 * `count` log entries of the Logstore `app_log`, 1,000 in each second, the newest an hour before `nowMs`: for benchmarks and
 * `simulate --logs`. They are made up as they are asked for.
 */
export function bulkLogsScenario(world: {
  /** >= 1 */
  readonly count: number;
  readonly nowMs: number;
}): Scenario {
  const perSecond = Math.min(1_000, world.count);
  const toS = Math.floor(world.nowMs / 1_000) - 3_600;
  const fromS = toS - Math.ceil(world.count / perSecond);
  const logs = { app_log: { made: { fromS, toS, perSecond } } };
  return {
    seed: SEED,
    accounts: [SCENARIO_ACCOUNT],
    region: REGION,
    projects: { [SCENARIO_PROJECT]: { logstores: PLAUSIBLE_LOGSTORES, logs } },
  };
}

function secondOf(timeMs: number): number {
  return Math.floor(timeMs / 1_000);
}

const COMPRESSIONS = ['gzip', 'none', 'lz4', 'zstd'] as const;

/** A real file of some hundred to some thousand entries of the hours before; eight jobs in a row have every format there is. */
function finished(
  ordinal: number,
  createdAtMs: number,
): Required<Pick<JobSpec, 'ending' | 'target'>> {
  const madeRows = 400 + ordinal * 173;
  const fromS = secondOf(createdAtMs) - 2 * madeRows;
  return {
    ending: { status: 'SUCCEEDED', file: { madeRows, fromS, perSecond: 0.5 } },
    target: {
      contentType: ordinal % 2 === 0 ? 'json' : 'csv',
      compressionType: COMPRESSIONS[Math.floor(ordinal / 2) % COMPRESSIONS.length] ?? 'none',
    },
  };
}
