import { z } from 'zod';

/** A trailing line break from a secrets file would end up in a header, and be refused far from its cause. */
const key = (title: string) =>
  z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without blanks or line breaks')
    .describe(title);

const accessKeyId = key('The id of the access key');
const accessKeySecret = key('The secret of the access key');
const roleArn = z
  .string()
  .regex(/^acs:ram::\d+:role\/.+$/, 'must look like acs:ram::<account id>:role/<name>')
  .describe('The RAM role to assume: acs:ram::<account id>:role/<name>');
const session = {
  roleSessionName: z
    .string()
    .regex(/^[\w.@-]{2,64}$/, 'must be 2 to 64 letters, digits or any of ._@-')
    .optional()
    .describe('Names the session in audit logs'),
  roleSessionExpiration: z
    .int()
    .min(900)
    .max(43_200)
    .optional()
    .describe('How long the temporary keys hold, in seconds; 3600 when left out'),
  policy: z
    .string()
    .min(1)
    .optional()
    .describe('A RAM policy, as JSON text, that narrows the role'),
  stsEndpoint: z
    .string()
    .regex(/^[A-Za-z0-9.-]+(?::\d+)?$/, 'must be a host name without https://')
    .optional()
    .describe('The STS host, always https; sts.aliyuncs.com when left out'),
};

/** `accounts.*.credentials` of an Alibaba Cloud account: where its keys come from. */
export const credentialsSchema = z
  .discriminatedUnion('type', [
    z
      .strictObject({ type: z.literal('default') })
      .describe(
        'The default chain: environment, OIDC role, CLI profile, credentials file, ECS RAM role',
      ),
    z
      .strictObject({ type: z.literal('access_key'), accessKeyId, accessKeySecret })
      .describe('A long-lived access key'),
    z
      .strictObject({
        type: z.literal('sts'),
        accessKeyId,
        accessKeySecret,
        securityToken: key('The security token that belongs to the temporary key'),
      })
      .describe('A temporary key, not renewed'),
    z
      .strictObject({
        type: z.literal('ram_role_arn'),
        accessKeyId,
        accessKeySecret,
        securityToken: key('The security token when the key is temporary itself').optional(),
        roleArn,
        externalId: z.string().min(1).optional().describe('The external id the role asks for'),
        ...session,
      })
      .describe('Temporary keys of a RAM role that the access key may assume; renewed'),
    z
      .strictObject({
        type: z.literal('oidc_role_arn'),
        roleArn,
        oidcProviderArn: z.string().min(1).describe('The OIDC provider that issued the token'),
        oidcTokenFilePath: z
          .string()
          .min(1)
          .describe('The file with the OIDC token; read again at each renewal'),
        ...session,
      })
      .describe('Temporary keys of a RAM role for an OIDC token (RRSA in Kubernetes); renewed'),
    z
      .strictObject({
        type: z.literal('ecs_ram_role'),
        roleName: z
          .string()
          .min(1)
          .optional()
          .describe('Asked from the metadata server when left out'),
        disableIMDSv1: z.boolean().optional().describe('true: only the hardened metadata mode'),
      })
      .describe('Temporary keys of the RAM role of this ECS instance; renewed'),
  ])
  .describe('Where the keys come from');

/** The parsed `credentials` of an Alibaba Cloud account. */
export type CredentialsConfig = z.output<typeof credentialsSchema>;
