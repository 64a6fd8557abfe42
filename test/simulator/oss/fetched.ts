import { createHash } from 'node:crypto';
import type { ProjectOptions } from '../../../src/simulator/sls/project.ts';
import type { ExportFileSpec, FileFormat } from '../../../src/simulator/oss/fileSpec.ts';
import type { SimulatorOptions } from '../../../src/simulator/server.ts';
import type { DownloadJobRow } from '../../../src/simulator/sls/downloadJob.ts';
import type { World } from '../world.ts';
import { oldJobs, startWorld } from '../world.ts';

export interface Fetched {
  readonly status: number;
  readonly headers: Headers;
  readonly bytes: Buffer;
}

/** Over a real connection. @throws when it breaks before the body is whole */
export async function fetched(
  link: string,
  headers: Readonly<Record<string, string>> = {},
  method = 'GET',
): Promise<Fetched> {
  const response = await fetch(link, { method, headers, redirect: 'manual' });
  const bytes = Buffer.from(await response.arrayBuffer());
  return { status: response.status, headers: response.headers, bytes };
}

/** `403 AccessDenied`: the status, and the code where the body is an error of the store. */
export function refusal({ status, bytes }: Fetched): string {
  const [, code] = /<Error><Code>(\w+)<\/Code>/.exec(bytes.toString('utf8')) ?? [];
  return code === undefined ? String(status) : `${status} ${code}`;
}

export function md5(bytes: Buffer): string {
  return createHash('md5').update(bytes).digest('hex').toUpperCase();
}

export const ROWS = Array.from({ length: 300 }, (_, n) => ({
  __time__: String(1_795_000_000 + n),
  level: n % 3 === 0 ? 'ERROR' : 'INFO',
  message: `entry ${n}, said "hello"\nand went on`,
}));

/** A simulator with one finished job, `job-001`, that has this file. */
export function startWithFile(
  file: ExportFileSpec,
  options: Partial<SimulatorOptions> & {
    readonly target?: Partial<FileFormat>;
    readonly project?: ProjectOptions;
  } = {},
): Promise<World> {
  const { target = { compressionType: 'none' }, project, ...rest } = options;
  const jobs = oldJobs(1).map((job) => ({
    ...job,
    target,
    ending: { status: 'SUCCEEDED' as const, file },
  }));
  return startWorld({ ...rest, project: { ...project, jobs } });
}

/** What GetDownloadJob says of the job's run. */
export async function detailsOf(
  world: Pick<World, 'ask'>,
  name = 'job-001',
): Promise<DownloadJobRow['executionDetails']> {
  const { text } = await world.ask({ path: `/downloadjobs/${name}` });
  return (JSON.parse(text) as DownloadJobRow).executionDetails;
}

export async function linkOf(world: Pick<World, 'ask'>, name = 'job-001'): Promise<string> {
  return (await detailsOf(world, name)).filePath ?? '';
}
