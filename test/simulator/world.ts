import { afterEach } from '@jest/globals';
import type { Simulator, SimulatorOptions } from '../../src/simulator/server.ts';
import { startSimulator } from '../../src/simulator/server.ts';
import type { DownloadJobRow } from '../../src/simulator/sls/downloadJob.ts';
import type { Answered, Asked } from './signedRequest.ts';
import { KEY, send } from './signedRequest.ts';

export const PROJECT = 'big-game';
export const START_MS = Date.parse('2026-11-22T13:00:00Z');

/** A simulator with one project and a clock that stands still until it is moved. */
export interface World {
  readonly simulator: Simulator;
  readonly clock: { nowMs: number };
  readonly ask: (asked: Partial<Asked> & { readonly path: string }) => Promise<Answered>;
  readonly list: (query?: Readonly<Record<string, string>>) => Promise<Answered>;
}

const open: Simulator[] = [];

/** Simulators that a test left open are closed after it. */
export function closeAfterEach(): void {
  afterEach(async () => {
    await Promise.all(open.splice(0).map((simulator) => simulator.close()));
  });
}

export async function startWorld(
  options: Partial<SimulatorOptions> & {
    readonly project?: SimulatorOptions['projects'][string];
  } = {},
): Promise<World> {
  const clock = { nowMs: START_MS };
  const { project = {}, ...rest } = options;
  const simulator = await startSimulator({
    seed: 7,
    region: 'cn-hangzhou',
    accounts: [{ accessKeyId: KEY.id, accessKeySecret: KEY.secret }],
    projects: { [PROJECT]: project },
    nowMs: () => clock.nowMs,
    ...rest,
  });
  open.push(simulator);
  const ask: World['ask'] = (asked) =>
    send({ port: simulator.port, project: PROJECT, nowMs: clock.nowMs, ...asked });
  return { simulator, clock, ask, list: (query = {}) => ask({ path: '/downloadjobs', query }) };
}

export interface ListBody {
  readonly total?: number;
  readonly count: number;
  readonly results: readonly DownloadJobRow[];
}

export function listBody(answered: Answered): ListBody {
  return JSON.parse(answered.text) as ListBody;
}

export function names(answered: Answered): readonly string[] {
  return listBody(answered).results.map((row) => row.name);
}

/** `403 ReadQuotaExceed`: the status, and the code where the body has one. */
export function verdict(answered: Answered): string {
  if (!answered.text.startsWith('{')) return String(answered.status);
  const { errorCode } = JSON.parse(answered.text) as { readonly errorCode?: string };
  return errorCode === undefined ? String(answered.status) : `${answered.status} ${errorCode}`;
}

/** `count` jobs that SUCCEEDED long ago, job-001 the oldest. */
export function oldJobs(count: number): { name: string; createdAtMs: number; runMs: number }[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `job-${String(index + 1).padStart(3, '0')}`,
    createdAtMs: START_MS - 3_600_000 + index * 1000,
    runMs: 1000,
  }));
}
