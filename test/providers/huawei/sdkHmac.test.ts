import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { signSdkHmac } from '../../../src/providers/huawei/sdkHmac.ts';
import type { SigningParts } from '../../../src/providers/signing.ts';

interface Vector {
  readonly id: string;
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  readonly at: string;
  readonly parts: SigningParts;
  readonly signedHeaders: string;
  readonly signature: string;
}

const vectors = JSON.parse(
  readFileSync(new URL('../../fixtures/sdk-hmac-sha256.json', import.meta.url), 'utf8'),
) as readonly Vector[];

describe('SDK-HMAC-SHA256', () => {
  it.each(vectors.map((vector) => [vector.id, vector] as const))(
    'signs the vector: %s',
    (_, vector) => {
      const { accessKeyId, accessKeySecret, parts } = vector;
      const signed = signSdkHmac(
        parts,
        { accessKeyId, accessKeySecret },
        { nowMs: Date.parse(vector.at) },
      );
      expect(signed['authorization']).toBe(
        `SDK-HMAC-SHA256 Access=${accessKeyId}, SignedHeaders=${vector.signedHeaders}, Signature=${vector.signature}`,
      );
    },
  );

  it('signs the token of a temporary key along', () => {
    const [vector] = vectors;
    const keys = { accessKeyId: 'AK', accessKeySecret: 'SK', securityToken: 'token' };
    const parts = vector?.parts ?? { method: 'GET', path: '/', query: {}, headers: {}, body: '' };
    const signed = signSdkHmac(parts, keys, { nowMs: 0 });
    expect(signed['x-security-token']).toBe('token');
    expect(signed['authorization']).toContain('x-security-token,');
  });
});
