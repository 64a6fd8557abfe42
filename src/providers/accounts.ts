import { z } from 'zod';
import type { HttpClient } from '../http/client.ts';
import { createAliyunApi, SLS_SIGNATURES } from './aliyun/aliyunApi.ts';
import { createCredentialSource } from './aliyun/credentials.ts';
import { credentialsSchema } from './aliyun/credentialsConfig.ts';
import type { CloudApi } from './apiRequest.ts';
import { isEndpointTemplate } from './endpointTemplate.ts';
import { huaweiAccountSchema } from './huawei/account.ts';
import { createHuaweiApi } from './huawei/huaweiApi.ts';

const endpoint = (product: string) =>
  z
    .string()
    .refine(
      isEndpointTemplate,
      'must be http:// or https://, a host and perhaps a port; may hold {project} and {region}',
    )
    .optional()
    .describe(`Replaces the public endpoint of ${product}; may hold {project} and {region}`);

const aliyunAccountSchema = z
  .strictObject({
    provider: z.literal('aliyun').describe('The cloud: aliyun is Alibaba Cloud'),
    region: z
      .string()
      .regex(/^[a-z]{2,4}(?:-[a-z0-9]+)+$/, 'must be a region id like cn-hangzhou')
      .describe('The region id: cn-hangzhou'),
    credentials: credentialsSchema,
    endpoints: z
      .strictObject({
        sls: endpoint('Simple Log Service'),
        oos: endpoint('Operation Orchestration Service'),
        actiontrail: endpoint('ActionTrail'),
      })
      .default({})
      .describe('Endpoints other than the public ones: a VPC, a proxy, the simulator'),
    signature: z
      .enum(SLS_SIGNATURES)
      .default('v1-sha256')
      .describe('How SLS requests are signed; the default suits every SQL'),
  })
  .describe('An account of Alibaba Cloud');

/** `accounts.<name>`: whose keys, which region, where. */
export const accountSchema = z
  .discriminatedUnion('provider', [aliyunAccountSchema, huaweiAccountSchema])
  .describe('An account of a cloud');

/** What the process gives to every account. */
export interface AccountDeps {
  readonly http: Pick<HttpClient, 'send' | 'stream'>;
  readonly nowMs: () => number;
  /** A new text at every call. */
  readonly nonce: () => string;
  /** 0 <= r < 1, for jitter. */
  readonly random: () => number;
}

/** Opens the APIs of one configured account; nothing is sent or read before the first call. */
export function createAccountApi(
  name: string,
  account: z.output<typeof accountSchema>,
  deps: AccountDeps,
): CloudApi {
  if (account.provider === 'huawei') {
    const { http, nowMs, random } = deps;
    return createHuaweiApi({ account: name, settings: account, http, nowMs, random });
  }
  const { region, endpoints, signature } = account;
  const credentials = createCredentialSource({ account: name, config: account.credentials });
  return createAliyunApi({ account: name, region, endpoints, credentials, signature, ...deps });
}
