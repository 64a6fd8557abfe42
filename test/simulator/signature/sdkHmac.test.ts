import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { readRequest } from '../../../src/simulator/request.ts';
import { readSdkHmac } from '../../../src/simulator/signature/sdkHmac.ts';

interface Vector {
  readonly id: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly at: string;
  readonly parts: {
    readonly method: string;
    readonly path: string;
    readonly query: Readonly<Record<string, string>>;
    readonly headers: Readonly<Record<string, string>>;
  };
  readonly signedHeaders: string;
  readonly signature: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/sdk-hmac-sha256.json', import.meta.url), 'utf8'),
) as readonly Vector[];

/** The vector's request as it came over the wire, with these changes. */
function received(
  vector: Vector,
  changes: { readonly target?: string; readonly body?: string } = {},
) {
  const { method, path, query, headers } = vector.parts;
  const request = readRequest({
    method,
    target: changes.target ?? `${path}?${new URLSearchParams(query).toString()}`,
    headers: {
      ...headers,
      'x-sdk-date': vector.at.replaceAll(/[-:]/g, ''),
      authorization: `SDK-HMAC-SHA256 Access=${vector.accessKeyId}, SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`,
    },
    body: Buffer.from(changes.body ?? ''),
  });
  if (request === null) throw new Error('the request cannot be read');
  return readSdkHmac(request);
}

describe('the verifier of SDK-HMAC-SHA256', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))(
    'believes the vector: %s',
    (_, vector) => {
      const claim = received(vector);
      expect(claim).toMatchObject({
        accessKeyId: vector.accessKeyId,
        signedAtMs: Date.parse(vector.at),
      });
      expect(claim?.expected(vector.accessKeySecret)).toBe(vector.signature);
    },
  );

  it.each(vectors.map((vector) => [vector.id, vector] as const))(
    'believes nothing changed: %s',
    (_, vector) => {
      const { path } = vector.parts;
      for (const changes of [{ target: path }, { target: `${path}?x=1` }, { body: '{}' }]) {
        expect(received(vector, changes)?.expected(vector.accessKeySecret)).not.toBe(
          vector.signature,
        );
      }
      expect(received(vector)?.expected(`${vector.accessKeySecret}x`)).not.toBe(vector.signature);
    },
  );
});
