import { z } from 'zod';
import { EMPTY_ANSWER, parameterInvalid, slsError } from '../answer.ts';
import type { ExportFileSpec } from '../oss/fileSpec.ts';
import type { SlsApi } from './call.ts';
import type { JobSpec, JobTarget } from './downloadJob.ts';
import { exported } from './exportQuery.ts';
import type { Project } from './project.ts';

/** Fields and bounds: API page CreateDownloadJob. Unknown fields are let through, as JSON services do. */
const bodySchema = z.object({
  name: z
    .string()
    .min(2)
    .max(64)
    .regex(/^[a-z0-9][a-z0-9_-]*[a-z0-9]$/),
  displayName: z.string().min(1),
  description: z.string().optional(),
  configuration: z
    .object({
      logstore: z.string().min(1),
      fromTime: z.int().min(0),
      toTime: z.int().min(0),
      query: z.string(),
      powerSql: z.boolean().optional(),
      allowInComplete: z.boolean(),
      sink: z.object({
        type: z.literal('AliyunOSS'),
        contentType: z.enum(['csv', 'json']),
        compressionType: z.enum(['none', 'gzip', 'lz4', 'zstd']),
        roleArn: z.string().optional(),
        bucket: z.string().optional(),
        prefix: z.string().optional(),
      }),
    })
    .refine(({ fromTime, toTime }) => fromTime < toTime, {
      message: 'fromTime must be before toTime',
    }),
});

/** POST /downloadjobs. The new job lives by the project's lifecycle; its file holds what its query selects. */
export const createDownloadJob: SlsApi = {
  name: 'CreateDownloadJob',
  method: 'POST',
  path: /^\/downloadjobs$/,
  answer: ({ request, project, at }) => {
    const text = request.body.toString('utf8');
    const json = jsonOf(text);
    if (json === undefined) return slsError(400, 'PostBodyInvalid', 'The body is not JSON.');
    const parsed = bodySchema.safeParse(json);
    if (!parsed.success) {
      return parameterInvalid(
        parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '),
      );
    }
    const { logstore } = parsed.data.configuration;
    if (project.logstores !== undefined && !project.logstores.includes(logstore)) {
      return slsError(404, 'LogStoreNotExist', `logstore ${logstore} does not exist`);
    }
    const spec = { ...specOf(parsed.data), file: fileOf(parsed.data, project, at.nowMs) };
    if (project.living.insert(spec, at) === null) {
      const { status, errorCode } = project.jobExists;
      return slsError(status, errorCode, `job ${spec.name} already exists`);
    }
    project.created += 1;
    return EMPTY_ANSWER;
  },
};

/** The entries that could be found when the job was ordered. Selected when the file is rendered, if ever. */
function fileOf(
  { configuration }: z.infer<typeof bodySchema>,
  project: Project,
  nowMs: number,
): ExportFileSpec {
  const { logstore, fromTime, toTime, query } = configuration;
  const range = { fromS: fromTime, toS: toTime, nowMs };
  const entries = project.logs.get(logstore)?.entries(range) ?? [];
  return { rows: { [Symbol.iterator]: () => exported(query, entries)[Symbol.iterator]() } };
}

function specOf(body: z.infer<typeof bodySchema>): JobSpec {
  const { sink, logstore, fromTime, toTime, query, powerSql, allowInComplete } = body.configuration;
  const target: Partial<JobTarget> = {
    contentType: sink.contentType,
    compressionType: sink.compressionType,
    ...(sink.roleArn === undefined ? {} : { roleArn: sink.roleArn }),
    ...(sink.bucket === undefined ? {} : { bucket: sink.bucket }),
    ...(sink.prefix === undefined ? {} : { prefix: sink.prefix }),
  };
  return {
    name: body.name,
    displayName: body.displayName,
    description: body.description ?? '',
    logstore,
    fromTime,
    toTime,
    query,
    powerSql: powerSql ?? false,
    allowInComplete,
    target,
  };
}

/** @returns undefined when the text is not JSON */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
