import type { Answer } from '../answer.ts';
import { slsError } from '../answer.ts';
import type { SimulatedRequest } from '../request.ts';
import { SKEW_MAX_MS, type SimulatedAccount } from './account.ts';
import { readSlsV1 } from './slsV1.ts';
import { readSlsV4 } from './slsV4.ts';

/**
 * Believes a request only when its v1 or v4 signature can be computed again from an account's secret.
 * v1 and v4 have no nonce, so a repeated request is not refused (SLS request-signatures pages).
 * @returns null when the sender is who it claims to be, else the refusal
 */
export function refuseSls(
  request: SimulatedRequest,
  cloud: {
    readonly accounts: readonly SimulatedAccount[];
    readonly region: string;
    readonly nowMs: number;
  },
): Answer | null {
  const claim = readSlsV1(request) ?? readSlsV4(request, cloud.region);
  if (claim === null) {
    // What the service answers to a request without any usable signature is unknown; this is a guess.
    return slsError(401, 'Unauthorized', 'The request carries no signature of a known scheme.');
  }
  if (claim.signedAtMs === null) {
    return slsError(400, 'InvalidRequestTime', 'The request time is absent or unreadable.');
  }
  if (Math.abs(cloud.nowMs - claim.signedAtMs) > SKEW_MAX_MS) {
    return slsError(
      400,
      'RequestTimeExpired',
      `The request time ${new Date(claim.signedAtMs).toISOString()} is more than 15 minutes off.`,
    );
  }
  const account = cloud.accounts.find((known) => known.accessKeyId === claim.accessKeyId);
  if (account === undefined) {
    return slsError(401, 'Unauthorized', `AccessKeyId not found: ${claim.accessKeyId}`);
  }
  if (cloud.nowMs >= (account.expiresAtMs ?? Infinity)) {
    return slsError(401, 'Unauthorized', 'The security token has expired.');
  }
  if (!claim.expected(account.accessKeySecret).includes(claim.signature)) {
    // Echoes the signature on purpose: the service quotes what it was sent, and clients must not log it.
    return slsError(401, 'SignatureNotMatch', `signature ${claim.signature} not match`);
  }
  // Both schemes sign every x-acs-* header, so a token that is there was signed.
  if (request.headers['x-acs-security-token'] !== account.securityToken) {
    return slsError(401, 'Unauthorized', 'The security token is missing or invalid.');
  }
  return null;
}
