import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createCredentialSource } from '../../../src/providers/aliyun/credentials.ts';
import {
  credentialsSchema,
  type CredentialsConfig,
} from '../../../src/providers/aliyun/credentialsConfig.ts';
import { SourceError } from '../../../src/providers/sourceError.ts';

const never = new AbortController().signal;
const account = 'prod';

async function failureOf(getting: Promise<unknown>): Promise<SourceError> {
  try {
    await getting;
  } catch (error) {
    if (error instanceof SourceError) return error;
    throw error;
  }
  throw new Error('expected a failure');
}

describe('keys that stand in the configuration', () => {
  it('are given as they are: access_key', async () => {
    const config: CredentialsConfig = {
      type: 'access_key',
      accessKeyId: 'id',
      accessKeySecret: 's',
    };
    const source = createCredentialSource({ account, config });
    expect([await source.get(never), source.renewable]).toEqual([
      { accessKeyId: 'id', accessKeySecret: 's' },
      false,
    ]);
  });

  it('are given as they are: sts', async () => {
    const keys = { accessKeyId: 'id', accessKeySecret: 's', securityToken: 't' };
    const source = createCredentialSource({ account, config: { type: 'sts', ...keys } });
    expect([await source.get(never), source.renewable]).toEqual([keys, false]);
  });
});

describe('the official package', () => {
  const NAMES = [
    'ALIBABA_CLOUD_ACCESS_KEY_ID',
    'ALIBABA_CLOUD_ACCESS_KEY_SECRET',
    'ALIBABA_CLOUD_SECURITY_TOKEN',
    'ALIBABA_CLOUD_ECS_METADATA_DISABLED',
    'ALIBABA_CLOUD_CLI_PROFILE_DISABLED',
    'ALIBABA_CLOUD_CREDENTIALS_FILE',
    'ALIBABA_CLOUD_CREDENTIALS_URI',
    'ALIBABA_CLOUD_ROLE_ARN',
  ];
  const kept = new Map(NAMES.map((name) => [name, process.env[name]]));

  beforeEach(() => {
    for (const name of NAMES) Reflect.deleteProperty(process.env, name);
    // Nothing outside the environment may answer: no metadata server, no file, no URI (a closed local port).
    process.env['ALIBABA_CLOUD_ECS_METADATA_DISABLED'] = 'true';
    process.env['ALIBABA_CLOUD_CLI_PROFILE_DISABLED'] = 'true';
    process.env['ALIBABA_CLOUD_CREDENTIALS_FILE'] = '/nonexistent/credentials';
    process.env['ALIBABA_CLOUD_CREDENTIALS_URI'] = 'http://127.0.0.1:9/';
  });

  afterEach(() => {
    for (const [name, value] of kept) {
      if (value === undefined) Reflect.deleteProperty(process.env, name);
      else process.env[name] = value;
    }
  });

  it('reads the environment through the default chain, anew each time', async () => {
    process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'env-id';
    process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = 'env-secret';
    const source = createCredentialSource({ account, config: { type: 'default' } });
    const first = await source.get(never);
    process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'rotated';
    const second = await source.get(never);
    expect([first, second]).toEqual([
      { accessKeyId: 'env-id', accessKeySecret: 'env-secret' },
      { accessKeyId: 'rotated', accessKeySecret: 'env-secret' },
    ]);
  });

  it('finds keys that appear in the environment after it had found none', async () => {
    const source = createCredentialSource({ account, config: { type: 'default' } });
    await failureOf(source.get(never));
    process.env['ALIBABA_CLOUD_ACCESS_KEY_ID'] = 'late-id';
    process.env['ALIBABA_CLOUD_ACCESS_KEY_SECRET'] = 'late-secret';
    expect(await source.get(never)).toEqual({
      accessKeyId: 'late-id',
      accessKeySecret: 'late-secret',
    });
  });

  it('without any keys fails with the type that was tried and what to do', async () => {
    const source = createCredentialSource({ account, config: { type: 'default' } });
    const failure = await failureOf(source.get(never));
    expect([failure.kind, failure.message]).toEqual([
      'credentials',
      expect.stringMatching(
        /^no keys for account prod from credentials of type default: .*; set ALIBABA_CLOUD_ACCESS_KEY_ID and/,
      ),
    ]);
  });

  it('that cannot reach STS fails with the type, and no key material', async () => {
    const config = credentialsSchema.parse({
      type: 'ram_role_arn',
      accessKeyId: 'LTAI5tVerySecretKeyId',
      accessKeySecret: 'verysecretvalue',
      roleArn: 'acs:ram::123456:role/reader',
      stsEndpoint: '127.0.0.1:9',
    });
    const failure = await failureOf(createCredentialSource({ account, config }).get(never));
    expect(failure.kind).toBe('credentials');
    expect(failure.message).toContain('credentials of type ram_role_arn');
    expect(failure.stack).not.toMatch(/verysecret|LTAI5tVery/i);
    expect(failure.cause).toBeUndefined();
  });

  it('fails likewise when an OIDC token file is missing', async () => {
    const config = credentialsSchema.parse({
      type: 'oidc_role_arn',
      roleArn: 'acs:ram::123456:role/reader',
      oidcProviderArn: 'acs:ram::123456:oidc-provider/p',
      oidcTokenFilePath: '/nonexistent/token',
    });
    const failure = await failureOf(createCredentialSource({ account, config }).get(never));
    expect(failure.message).toMatch(/oidc_role_arn: .*ENOENT.*; check roleArn/);
  });

  it('fails likewise when the metadata server is switched off', async () => {
    const config: CredentialsConfig = { type: 'ecs_ram_role' };
    const failure = await failureOf(createCredentialSource({ account, config }).get(never));
    expect(failure.message).toContain('credentials of type ecs_ram_role: IMDS');
  });
});

describe('a credential source', () => {
  const config: CredentialsConfig = { type: 'ecs_ram_role' };
  const keys = (n: number) => ({
    accessKeyId: `id${n}`,
    accessKeySecret: 's',
    securityToken: `t${n}`,
  });

  it('reads once for parallel callers', async () => {
    let readings = 0;
    const open = () => ({
      getCredential: async () => {
        readings += 1;
        await new Promise((resolve) => setTimeout(resolve, 20));
        return keys(readings);
      },
    });
    const source = createCredentialSource({ account, config, open });
    const all = await Promise.all([source.get(never), source.get(never), source.get(never)]);
    expect([all, readings]).toEqual([[keys(1), keys(1), keys(1)], 1]);
  });

  it('builds a fresh object after a failure, and keeps the one that works', async () => {
    let built = 0;
    const open = () => {
      built += 1;
      const works = built > 1;
      return {
        getCredential: () =>
          works ? Promise.resolve(keys(built)) : Promise.reject(new Error('no provider')),
      };
    };
    const source = createCredentialSource({ account, config, open });
    await failureOf(source.get(never));
    await source.get(never);
    await source.get(never);
    expect(built).toBe(2);
  });

  it('renews once for callers whose same keys were refused', async () => {
    let built = 0;
    const open = () => {
      built += 1;
      const own = keys(built);
      return { getCredential: () => Promise.resolve(own) };
    };
    const source = createCredentialSource({ account, config, open });
    const refused = await source.get(never);
    source.renew(refused);
    const fresh = await source.get(never);
    source.renew(refused);
    expect([fresh, await source.get(never), built]).toEqual([keys(2), keys(2), 2]);
  });

  it('gives up on a reading that takes too long, and starts anew', async () => {
    let built = 0;
    const open = () => {
      built += 1;
      const hangs = built === 1;
      return {
        getCredential: () =>
          hangs ? new Promise<never>(() => undefined) : Promise.resolve(keys(2)),
      };
    };
    const source = createCredentialSource({ account, config, open, timeoutMs: 20 });
    const failure = await failureOf(source.get(never));
    expect([failure.message, await source.get(never)]).toEqual([
      expect.stringContaining('nothing came within 20 ms'),
      keys(2),
    ]);
  });

  it('lets one caller go at its signal while the others wait on', async () => {
    const open = () => ({
      getCredential: async () => {
        await new Promise((resolve) => setTimeout(resolve, 40));
        return keys(1);
      },
    });
    const source = createCredentialSource({ account, config, open });
    const controller = new AbortController();
    const leaving = source.get(controller.signal);
    const staying = source.get(never);
    const reason = new Error('shutdown');
    controller.abort(reason);
    await expect(leaving).rejects.toBe(reason);
    expect(await staying).toEqual(keys(1));
  });

  it('leaves no listener on the signal', async () => {
    const controller = new AbortController();
    const open = () => ({ getCredential: () => Promise.resolve(keys(1)) });
    const source = createCredentialSource({ account, config, open });
    for (let i = 0; i < 10; i += 1) await source.get(controller.signal);
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0);
  });

  it.each([
    [{}, 'the access key id is empty'],
    [{ accessKeyId: 'id' }, 'the access key secret is empty'],
    [{ accessKeyId: 'id\n', accessKeySecret: 's' }, 'a key holds blanks'],
  ])('refuses keys that no header can carry: %j', async (read, reason) => {
    const open = () => ({ getCredential: () => Promise.resolve(read) });
    const failure = await failureOf(createCredentialSource({ account, config, open }).get(never));
    expect(failure.message).toContain(reason);
  });

  it('withholds what an answer quoted in a failure holds', async () => {
    const open = () => ({
      getCredential: () =>
        Promise.reject(new Error('refused {"AccessKeyId":"STS.abcdefghij","Token":"verysecret"}')),
    });
    const failure = await failureOf(createCredentialSource({ account, config, open }).get(never));
    expect(failure.message).not.toMatch(/STS\.abc|verysecret/);
  });
});

describe('credentialsSchema', () => {
  it.each([
    { type: 'access_key', accessKeyId: 'id' },
    { type: 'access_key', accessKeyId: 'id', accessKeySecret: 's', extra: 1 },
    { type: 'access_key', accessKeyId: 'id', accessKeySecret: 's\n' },
    { type: 'sts', accessKeyId: 'id', accessKeySecret: 's' },
    { type: 'default', accessKeyId: 'id' },
    { type: 'ram_role_arn', accessKeyId: 'id', accessKeySecret: 's', roleArn: 'reader' },
    { type: 'password' },
    {},
  ])('refuses %j', (config) => {
    expect(credentialsSchema.safeParse(config).success).toBe(false);
  });

  it('repeats no secret in what it says', () => {
    const result = credentialsSchema.safeParse({
      type: 'access_key',
      accessKeyId: 'id',
      accessKeySecret: 'very secret\n',
    });
    expect(JSON.stringify(result.error?.issues)).not.toContain('very secret');
  });
});
