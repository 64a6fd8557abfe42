import pg from 'pg';
import { bulkScenario, SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import type { ProjectOptions } from '../../src/simulator/sls/project.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';

/** A simulated cloud with one project of `jobs` finished jobs, and whatever `project` adds. */
export function startCloud(
  jobs: number,
  project: Partial<ProjectOptions> = {},
): Promise<Simulator> {
  const scenario = bulkScenario({ count: jobs, nowMs: Date.now() });
  const bulk = scenario.projects[SCENARIO_PROJECT];
  return startSimulator({ ...scenario, projects: { [SCENARIO_PROJECT]: { ...bulk, ...project } } });
}

/** A configuration that reads the simulated project as the stream `exports`. */
export function cloudConfig(cloud: {
  readonly url: string;
  readonly accessKeySecret?: string;
  readonly project?: string;
  readonly schedule?: string;
  readonly pageSize?: number;
  readonly webPort?: number;
  /** Whether ActionTrail's delivery jobs are read as well, as the stream `trail`. @default false */
  readonly trail?: boolean;
}): string {
  const schedule = cloud.schedule ?? '* * * * * *';
  const trail = `
  trail:
    source: aliyun.actiontrail.delivery_history_jobs
    account: simulated
    schedule: "${schedule}"
    track: { pollMin: 200ms, pollMax: 1s }
`;
  return `
database: { url: "\${DATABASE_URL}" }
queue: { url: "\${REDIS_URL}", prefix: "\${QUEUE_PREFIX:-logferry}", requeueEvery: 1s, lockDuration: 1s }
web: { port: ${cloud.webPort ?? 0} }
log: { level: debug }
accounts:
  simulated:
    provider: aliyun
    region: cn-hangzhou
    credentials:
      type: access_key
      accessKeyId: ${SCENARIO_ACCOUNT.accessKeyId}
      accessKeySecret: ${cloud.accessKeySecret ?? SCENARIO_ACCOUNT.accessKeySecret}
    endpoints: { sls: "${cloud.url}", actiontrail: "${cloud.url}" }
streams:
  exports:
    source: aliyun.sls.download_jobs
    account: simulated
    project: ${cloud.project ?? SCENARIO_PROJECT}
    schedule: "${schedule}"
    pageSize: ${cloud.pageSize ?? 50}
    track: { pollMin: 200ms, pollMax: 1s }
${cloud.trail === true ? trail.trimStart().replace(/^/, '  ') : ''}`;
}

export interface StoredRow {
  readonly name: string;
  readonly status: string;
  readonly vanished: boolean;
}

/** What the table holds, in the order of names. */
export async function storedJobs(databaseUrl: string): Promise<readonly StoredRow[]> {
  return rows<StoredRow>(
    databaseUrl,
    `select name, status, vanished_at is not null as vanished from download_jobs order by name`,
  );
}

/** The delivery jobs of ActionTrail, likewise, with the names that the table has for statuses. */
export async function storedDeliveryJobs(
  databaseUrl: string,
): Promise<readonly (StoredRow & { readonly settled: boolean })[]> {
  return rows(
    databaseUrl,
    `select job_id as name, status, vanished_at is not null as vanished, settled_at is not null as settled
     from delivery_history_jobs order by job_id collate "C"`,
  );
}

/** Rows of one query, on a connection of its own. */
export async function rows<Row extends pg.QueryResultRow>(
  databaseUrl: string,
  sql: string,
): Promise<readonly Row[]> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Row>(sql)).rows;
  } finally {
    await client.end();
  }
}
