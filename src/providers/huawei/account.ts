import { z } from 'zod';
import { isEndpointTemplate } from '../endpointTemplate.ts';
import { hasPublicCheckEndpoint } from './endpoints.ts';

/** A trailing line break from a secrets file would end up in a header, and be refused far from its cause. */
const key = (title: string) =>
  z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks or line breaks')
    .describe(title);

const endpoint = (product: string) =>
  z
    .string()
    .refine(
      isEndpointTemplate,
      'must be http:// or https://, a host and perhaps a port; may hold {region}',
    )
    .optional()
    .describe(`The endpoint of ${product}; may hold {region}`);

/** `accounts.<name>` of Huawei Cloud. */
export const huaweiAccountSchema = z
  .strictObject({
    provider: z.literal('huawei').describe('The cloud: huawei is Huawei Cloud'),
    region: z
      .string()
      .regex(/^[a-z]{2,4}(?:-[a-z0-9]+)+$/, 'must be a region id like cn-north-4')
      .describe('The region id: cn-north-4'),
    projectId: z
      .string()
      .regex(
        /^[0-9a-f]{32}$/,
        'must be 32 of 0-9 and a-f: the project id on the "My Credentials" page',
      )
      .optional()
      .describe(
        'The id of the project of the region, 32 hex digits. Left out: the project that bears the name of the region.',
      ),
    credentials: z
      .discriminatedUnion('type', [
        z
          .strictObject({
            type: z.literal('ak_sk'),
            accessKey: key('The access key id (AK)'),
            secretKey: key('The secret access key (SK)'),
            securityToken: key('The security token when the key is temporary').optional(),
          })
          .describe('An access key; requests are signed with SDK-HMAC-SHA256. Recommended'),
        z
          .strictObject({
            type: z.literal('password'),
            domain: z.string().min(1).describe('The account name of the IAM user'),
            user: z.string().min(1).describe('The name of the IAM user; without login protection'),
            password: z.string().min(1).describe('The password, from the environment'),
          })
          .describe(
            'An IAM user; requests carry a token, which is cached until shortly before its end',
          ),
      ])
      .describe('Where the keys come from'),
    endpoints: z
      .strictObject({
        iam: endpoint('Identity and Access Management'),
        codearts_check: endpoint('CodeArts Check'),
      })
      .default({})
      .describe('Endpoints other than the public ones: a proxy, the simulator'),
  })
  .refine(
    ({ region, endpoints }) =>
      endpoints.codearts_check !== undefined || hasPublicCheckEndpoint(region),
    {
      path: ['endpoints', 'codearts_check'],
      message:
        'is required in this region: its public endpoint is not known; see "Endpoints" in the API reference of CodeArts Check',
    },
  )
  .describe('An account of Huawei Cloud');

export type HuaweiAccount = z.output<typeof huaweiAccountSchema>;
export type HuaweiCredentialsConfig = HuaweiAccount['credentials'];
