import type { ExportFileSpec, FileFormat } from '../../src/simulator/oss/fileSpec.ts';
import { SCENARIO_ACCOUNT, SCENARIO_PROJECT } from '../../src/simulator/scenario.ts';
import {
  startSimulator,
  type Simulator,
  type SimulatorOptions,
} from '../../src/simulator/server.ts';
import type { LogFields } from '../../src/simulator/sls/logQuery.ts';
import { cloudConfig, rows } from './simulated.ts';

export const FORMATS: readonly FileFormat[] = (['csv', 'json'] as const).flatMap((contentType) =>
  (['none', 'gzip', 'lz4', 'zstd'] as const).map((compressionType) => ({
    contentType,
    compressionType,
  })),
);

const MESSAGES = [
  'said "hello", and left',
  'first line\nsecond line',
  'Windows\r\nline',
  '对局结果，第十二赛季',
  '  blanks around  ',
  '',
  '"',
  'emoji 🙂 and ß',
  ',;\t|',
  'null',
] as const;

/** Entries with everything in them that a parser can stumble over. */
export function trickyRows(count: number): readonly LogFields[] {
  return Array.from({ length: count }, (_, n) => ({
    __time__: String(1_795_000_000 + n),
    number: String(n),
    message: MESSAGES[n % MESSAGES.length] ?? '',
    'the, "last"\ncolumn': n % 3 === 0 ? '' : `x${n}`,
  }));
}

/** A simulated cloud whose project has one finished job for each of these files. */
export function startExportsCloud(
  files: Readonly<Record<string, { readonly file: ExportFileSpec; readonly target: FileFormat }>>,
  options: Partial<SimulatorOptions> = {},
): Promise<Simulator> {
  const oldMs = Date.now() - 3_600_000;
  const jobs = Object.entries(files).map(([name, { file, target }], index) => ({
    ...{ name, target, createdAtMs: oldMs + index * 1_000, startMs: 1_000, runMs: 1_000 },
    ending: { status: 'SUCCEEDED', file } as const,
  }));
  return startSimulator({
    ...{ seed: 7, accounts: [SCENARIO_ACCOUNT], region: 'cn-hangzhou' },
    projects: { [SCENARIO_PROJECT]: { jobs } },
    ...options,
  });
}

/** A configuration that reads it as the stream `exports`, loads the files, and keeps them in the folder `kept`. */
export function exportsConfig(cloud: {
  readonly url: string;
  /** @default the simulator's: without it a private address is never fetched from */
  readonly allowedHosts?: readonly string[];
}): string {
  const { allowedHosts = ['127.0.0.1'] } = cloud;
  return `${cloudConfig({ url: cloud.url })}    download: true
downloads: { allowedHosts: ${JSON.stringify(allowedHosts)}, archive: ./kept }
`;
}

/** What analysts see of a job's file, one line a row: its place, its time, its fields by name. */
export async function visibleRows(databaseUrl: string, job: string): Promise<readonly string[]> {
  const stored = await rows<{ row_no: string; at: string; content: Record<string, unknown> }>(
    databaseUrl,
    `select row_no, extract(epoch from logged_at)::bigint as at, content from analytics.export_rows
     where job = '${job}' order by row_no`,
  );
  return stored.map(({ row_no: rowNo, at, content }) => lineOf(rowNo, at, content));
}

/** The same of what the simulator knows to be in it. */
export function trueRows(cloud: Simulator, job: string): readonly string[] {
  const file = cloud.project(SCENARIO_PROJECT).file(job);
  if (file === null) throw new Error(`job ${job} has no file`);
  return file.rows.map((row, index) => lineOf(String(index + 1), row['__time__'] ?? '', row));
}

function lineOf(rowNo: string, at: string, content: Readonly<Record<string, unknown>>): string {
  const fields = Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([rowNo, at, fields]);
}

/** Everything that stands in the tables of a database, those of the queue among them, one text a table. */
export async function everyTable(databaseUrl: string): Promise<readonly string[]> {
  const tables = await rows<{ name: string }>(
    databaseUrl,
    `select format('%I.%I', n.nspname, c.relname) as name
     from pg_class c
     join pg_namespace n on n.oid = c.relnamespace
     where c.relkind = 'r' and n.nspname !~ '^pg_|^information_schema$'`,
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const lines = await rows<{ line: string }>(
      databaseUrl,
      `select to_jsonb(t)::text as line from ${name} t`,
    );
    found.push(`${name}: ${lines.map(({ line }) => line).join('\n')}`);
  }
  return found;
}

/**
 * Secrets of the simulated cloud in these texts, each with what stands around it: the account's key secret, the signature and the
 * key id of any link, with or without their names. A signature of the simulator begins with two bytes of a small number; what
 * has hex digits only is a checksum.
 */
export function secretsIn(texts: Iterable<string>): readonly string[] {
  const secret =
    /simulated-key-secret|STS\.SimulatedKeyId|Signature(?:=|%3D)(?!\[withheld\])|(?<![\w+/])(?![\dA-Fa-f]{32})AA[A-D](?:[A-Za-z\d+/]|%2[BF]){29}(?![\w+/])/;
  return [...texts].flatMap((text) => {
    const at = secret.exec(text)?.index;
    return at === undefined ? [] : [text.slice(Math.max(0, at - 80), at + 80)];
  });
}
