import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Credentials, SigningParts } from '../../../src/providers/signing.ts';

const recordedSchema = z.object({
  id: z.string(),
  signing: z.object({
    scheme: z.enum(['sls-v1', 'sls-v4', 'acs3', 'rpc-1.0']),
    algorithm: z.enum(['hmac-sha256', 'hmac-sha1']),
    region: z.string().optional(),
    accessKeyId: z.string(),
    accessKeySecret: z.string(),
    securityToken: z.string().nullable(),
  }),
  method: z.string(),
  url: z.string(),
  path: z.string(),
  query: z.record(z.string(), z.string()),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});

export type Recorded = z.infer<typeof recordedSchema>;

/** Requests recorded from the official SDKs, of one signature scheme. */
export function recordedRequests(scheme: Recorded['signing']['scheme']): readonly Recorded[] {
  const file = new URL('../../fixtures/captured-requests.json', import.meta.url);
  const all = z.array(recordedSchema).parse(JSON.parse(readFileSync(file, 'utf8')));
  return all.filter((recorded) => recorded.signing.scheme === scheme);
}

export function credentialsOf({ signing }: Recorded): Credentials {
  const { accessKeyId, accessKeySecret, securityToken } = signing;
  return {
    accessKeyId,
    accessKeySecret,
    ...(securityToken === null ? {} : { securityToken }),
  };
}

/** The request before signing: the headers that the scheme itself adds are taken off. */
export function partsOf(recorded: Recorded, addedByScheme: readonly string[]): SigningParts {
  const headers = Object.fromEntries(
    Object.entries(recorded.headers).filter(([name]) => !addedByScheme.includes(name)),
  );
  return {
    method: recorded.method,
    path: recorded.path,
    query: recorded.query,
    headers,
    body: recorded.body,
  };
}
