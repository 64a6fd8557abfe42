import type { HuaweiOptions } from './huawei.ts';
import type { ArchiveSpec } from './subJob.ts';

/** The user of the simulated IAM. Made up: it opens the simulator and nothing else. */
export const SCENARIO_USER = {
  domain: 'simulated-domain',
  name: 'simulated-user',
  password: 'simulated-password',
} as const;

/** The sub-jobs of `demoChecks`. */
export const SCENARIO_SUB_JOBS = [
  'a777ff00d3cf4d369d87066806ae0001',
  'a777ff00d3cf4d369d87066806ae0002',
  'a777ff00d3cf4d369d87066806ae0003',
] as const;

/** Three code checks of the last hours, with logs of 400, 900 and 150 lines. */
export function demoChecks(nowMs: number): HuaweiOptions {
  const log = (hoursAgo: number, lines: number): ArchiveSpec => ({
    kind: 'log',
    seed: `demo/${hoursAgo}`,
    lines,
    startedAtMs: nowMs - hoursAgo * 3_600_000,
  });
  const [first, second, third] = SCENARIO_SUB_JOBS;
  return {
    users: [SCENARIO_USER],
    subJobs: { [first]: log(9, 400), [second]: log(5, 900), [third]: log(1, 150) },
  };
}
