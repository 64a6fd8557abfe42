import { quoted } from '../../domain/redact.ts';
import { orAborted } from '../orAborted.ts';
import { SourceError } from '../sourceError.ts';
import type { CredentialsConfig } from './credentialsConfig.ts';
import type { Credentials } from '../signing.ts';

/** Where an account's keys come from. Ask before each signing: temporary keys change. */
export interface CredentialSource {
  /** False when asking again can never give other keys. */
  readonly renewable: boolean;
  /** Parallel callers share one reading. @throws SourceError of kind `credentials`; the signal's reason when it fires */
  get(signal: AbortSignal): Promise<Credentials>;
  /** Has the next `get` read anew, unless newer keys than the refused ones are held or on their way already. */
  renew(refused: Credentials): void;
}

/** An object of the official package, as far as it is used. */
interface SdkCredential {
  getCredential(): Promise<{
    readonly accessKeyId?: string;
    readonly accessKeySecret?: string;
    readonly securityToken?: string;
  }>;
}

export interface CredentialSourceOptions {
  /** Named in messages. */
  readonly account: string;
  readonly config: CredentialsConfig;
  /** Bound of one reading. The chain's own worst case (no ECS, STS not answering) is about 20 s. @default 30_000 */
  readonly timeoutMs?: number;
  /** Builds the object that reads the keys. @default the one of `@alicloud/credentials` */
  readonly open?: (config: CredentialsConfig) => SdkCredential | Promise<SdkCredential>;
}

/**
 * Reads keys through the official package, which caches and renews temporary ones itself. Its object is thrown away after
 * a failure: it sticks to the last provider it tried, and later changes of the environment would never help it.
 */
export function createCredentialSource(options: CredentialSourceOptions): CredentialSource {
  const { account, config, timeoutMs = 30_000, open = openSdkCredential } = options;
  let held: Promise<SdkCredential> | undefined;
  let reading: Promise<Credentials> | undefined;
  let given: Credentials | undefined;

  const read = async (): Promise<Credentials> => {
    // Building may fail too (ECS metadata switched off by the environment): inside the promise, so that it is translated.
    const holding = (held ??= Promise.resolve().then(() => open(config)));
    try {
      const asked = holding.then((credential) => credential.getCredential());
      const keys = keysOf(await withinTime(asked, timeoutMs));
      if (held === holding) given = keys;
      return keys;
    } catch (error) {
      if (held === holding) held = undefined;
      throw credentialsError({ account, config, error });
    }
  };

  return {
    renewable: config.type !== 'access_key' && config.type !== 'sts',
    get: async (signal) => {
      signal.throwIfAborted();
      if (reading === undefined) {
        const started = read().finally(() => {
          if (reading === started) reading = undefined;
        });
        // A failure that no caller waits for any more (all aborted) must not end the process.
        started.catch(() => undefined);
        reading = started;
      }
      return orAborted(reading, signal);
    },
    renew: (refused) => {
      if (given === undefined || !sameKeys(given, refused)) return;
      held = undefined;
      reading = undefined;
      given = undefined;
    },
  };
}

/** True when both are the same key and token: asking the service again with them is pointless. */
export function sameKeys(a: Credentials, b: Credentials): boolean {
  return (
    a.accessKeyId === b.accessKeyId &&
    a.accessKeySecret === b.accessKeySecret &&
    a.securityToken === b.securityToken
  );
}

/**
 * Keys given in the configuration need no package. The others load it when first asked: it costs 70 ms and some memory. It
 * is CommonJS, so that in ESM its class is the `default` of the default.
 */
async function openSdkCredential(config: CredentialsConfig): Promise<SdkCredential> {
  if (config.type === 'access_key' || config.type === 'sts') {
    return { getCredential: () => Promise.resolve(config) };
  }
  const sdk = await import('@alicloud/credentials');
  const Credential = sdk.default.default;
  return config.type === 'default'
    ? new Credential()
    : new Credential(new sdk.default.Config({ ...config }));
}

function keysOf(read: Awaited<ReturnType<SdkCredential['getCredential']>>): Credentials {
  const { accessKeyId, accessKeySecret, securityToken } = read;
  if (accessKeyId === undefined || accessKeyId === '')
    throw new Error('the access key id is empty');
  if (accessKeySecret === undefined || accessKeySecret === '') {
    throw new Error('the access key secret is empty');
  }
  const token = securityToken === '' ? undefined : securityToken;
  for (const text of [accessKeyId, accessKeySecret, token ?? 'none']) {
    if (!/^[\x21-\x7e]+$/.test(text)) {
      throw new Error('a key holds blanks, line breaks or other characters that no key has');
    }
  }
  return { accessKeyId, accessKeySecret, ...(token === undefined ? {} : { securityToken: token }) };
}

/** What the package says may quote an answer of STS: redacted, shortened, and not kept as the cause. */
function credentialsError(facts: {
  readonly account: string;
  readonly config: CredentialsConfig;
  readonly error: unknown;
}): SourceError {
  const { account, config, error } = facts;
  const reason = error instanceof Error ? error.message : String(error);
  return new SourceError(
    'credentials',
    `no keys for account ${account} from credentials of type ${config.type}: ${quoted(reason)}; ${ADVICE[config.type]}`,
    { detail: { api: 'credentials' } },
  );
}

const ADVICE: Readonly<Record<CredentialsConfig['type'], string>> = {
  default:
    'set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or name another credentials type for the account',
  access_key: 'check accessKeyId and accessKeySecret of the account',
  sts: 'check accessKeyId, accessKeySecret and securityToken of the account',
  ram_role_arn:
    'check the access key, roleArn, that the key may call sts:AssumeRole, and that STS can be reached',
  oidc_role_arn:
    'check roleArn, oidcProviderArn, the token file, and that STS can be reached from here',
  ecs_ram_role:
    'this type works on an ECS instance with a RAM role only; check that one is attached',
};

async function withinTime<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`nothing came within ${timeoutMs} ms`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
