import { createHash, createHmac } from 'node:crypto';
import { request as httpRequest } from 'node:http';

export interface Answered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface SigningKey {
  readonly id: string;
  readonly secret: string;
  readonly token?: string;
}

export interface Asked {
  readonly port: number;
  readonly project: string;
  readonly method?: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly key?: SigningKey;
  readonly nowMs?: number;
  /** Sent and signed besides the usual ones. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly algorithm?: 'sha1' | 'sha256';
  /** Destroys the connection this long after sending. @default never */
  readonly hangUpAfterMs?: number;
}

export const KEY: SigningKey = { id: 'testAK', secret: 'testSecret' };

/** Sends exactly this, over a connection of its own. @throws when the connection breaks before the body is whole */
export function sendRaw(raw: {
  readonly port: number;
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly hangUpAfterMs?: number | undefined;
}): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest(
      {
        host: '127.0.0.1',
        port: raw.port,
        method: raw.method,
        path: raw.target,
        headers: raw.headers,
        maxHeaderSize: 131_072,
        agent: false,
      },
      (incoming) => {
        const pieces: Buffer[] = [];
        incoming.on('data', (piece: Buffer) => pieces.push(piece));
        incoming.on('error', reject);
        incoming.on('end', () => {
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            text: Buffer.concat(pieces).toString('utf8'),
          });
        });
      },
    );
    outgoing.on('error', reject);
    outgoing.end(raw.body);
    if (raw.hangUpAfterMs !== undefined) {
      setTimeout(() => outgoing.destroy(), raw.hangUpAfterMs);
    }
  });
}

/** Signs with SLS v1, written from the reference for these tests alone, and sends. */
export function send(asked: Asked): Promise<Answered> {
  const { method = 'GET', query = {}, body = '', key = KEY, algorithm = 'sha256' } = asked;
  const signed: Record<string, string> = {
    'x-log-apiversion': '0.6.0',
    'x-log-bodyrawsize': String(Buffer.byteLength(body)),
    'x-log-signaturemethod': `hmac-${algorithm}`,
    ...(key.token === undefined ? {} : { 'x-acs-security-token': key.token }),
    ...asked.headers,
  };
  const date = new Date(asked.nowMs ?? Date.now()).toUTCString();
  const md5 = body === '' ? '' : createHash('md5').update(body).digest('hex').toUpperCase();
  const contentType = body === '' ? '' : 'application/json';
  const resource = Object.entries(query)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
  const headerLines = Object.keys(signed)
    .sort()
    .map((name) => `${name}:${signed[name] ?? ''}\n`)
    .join('');
  const toSign = `${method}\n${md5}\n${contentType}\n${date}\n${headerLines}${asked.path}${resource === '' ? '' : `?${resource}`}`;
  const signature = createHmac(algorithm, key.secret).update(toSign).digest('base64');
  const encoded = new URLSearchParams(query).toString();
  return sendRaw({
    port: asked.port,
    method,
    target: `${encodeURI(asked.path)}${encoded === '' ? '' : `?${encoded}`}`,
    body,
    hangUpAfterMs: asked.hangUpAfterMs,
    headers: {
      ...signed,
      host: `${asked.project}.127.0.0.1:${asked.port}`,
      date,
      'content-md5': md5,
      ...(contentType === '' ? {} : { 'content-type': contentType }),
      authorization: `LOG ${key.id}:${signature}`,
    },
  });
}
