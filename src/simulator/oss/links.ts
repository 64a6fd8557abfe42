import { createHmac, timingSafeEqual } from 'node:crypto';
import type { SimulatedRequest } from '../request.ts';

/** Where the files of one project are, and how links to them are made. */
export interface ObjectPlace {
  /** `http://127.0.0.1:PORT`: the simulator's own, so that no name has to be resolved. */
  readonly origin: string;
  readonly project: string;
  readonly seed: number;
  readonly linkLifetimeS: number;
}

/** What the links of one answer have in common, and what differs in the next: links are always fresh. */
export interface LinkStamp {
  readonly place: ObjectPlace;
  /** The query of a link whose object does not exist, but for the end that is the job's own. */
  readonly unsigned: string;
  /** Four bytes that are signed too. */
  readonly salt: Buffer;
  /** Unix seconds. */
  readonly expiresS: number;
}

/** Every object's path begins with this. */
export const OBJECTS_PATH = '/simulated-exports/';

const KEY_ID = 'STS.SimulatedKeyId';
const SALT_BYTES = 4;

/** `answer` tells answers apart: the same number gives the same links. */
export function linkStamp(place: ObjectPlace, answer: number, nowMs: number): LinkStamp {
  const expiresS = Math.floor(nowMs / 1000) + place.linkLifetimeS;
  const salt = Buffer.alloc(SALT_BYTES);
  salt.writeUInt32BE(answer >>> 0);
  const { seed } = place;
  const text = signatureOf({ seed, path: '', expires: String(expiresS), keyId: KEY_ID, salt });
  const unsigned = `?Expires=${expiresS}&OSSAccessKeyId=${KEY_ID}&Signature=${text.toString('base64url').slice(0, 20)}`;
  return { place, unsigned, salt, expiresS };
}

/** The path of an object, percent-encoded. File names end like `.csv.gzip`, as the API page shows. */
export function objectPath(project: string, name: string, extension: string): string {
  return `${OBJECTS_PATH}${encodeURIComponent(project)}/${encodeURIComponent(name)}.${extension}`;
}

export function signedLink({ place, salt, expiresS }: LinkStamp, path: string): string {
  const expires = String(expiresS);
  const claim = { seed: place.seed, path: decodeURIComponent(path), expires, keyId: KEY_ID, salt };
  const signature = encodeURIComponent(signatureOf(claim).toString('base64'));
  return `${place.origin}${path}?Expires=${expires}&OSSAccessKeyId=${KEY_ID}&Signature=${signature}`;
}

/** Why a link is refused. */
export type LinkFlaw = 'unsigned' | 'expired' | 'signature';

/** Valid before the second that `Expires` names. @returns null when the link is good */
export function linkFlaw(
  { path, query }: Pick<SimulatedRequest, 'path' | 'query'>,
  world: { readonly seed: number; readonly nowMs: number },
): LinkFlaw | null {
  const [expires, keyId, signature] = ['Expires', 'OSSAccessKeyId', 'Signature'].map((name) =>
    query.get(name),
  );
  if (expires === undefined || keyId === undefined || signature === undefined) return 'unsigned';
  if (!/^\d{1,12}$/.test(expires)) return 'signature';
  if (world.nowMs >= Number(expires) * 1000) return 'expired';
  const given = Buffer.from(signature, 'base64');
  const salt = given.subarray(0, SALT_BYTES);
  const expected = signatureOf({ seed: world.seed, path, expires, keyId, salt });
  return given.length === expected.length && timingSafeEqual(given, expected) ? null : 'signature';
}

/** Who may read what until when; the salt in front. */
function signatureOf(claim: {
  readonly seed: number;
  readonly path: string;
  readonly expires: string;
  readonly keyId: string;
  readonly salt: Buffer;
}): Buffer {
  const mac = createHmac('sha1', `simulated-object-store/${claim.seed}`)
    .update(claim.salt)
    .update(`GET\n${claim.expires}\n${claim.keyId}\n${claim.path}`)
    .digest();
  return Buffer.concat([claim.salt, mac]);
}
