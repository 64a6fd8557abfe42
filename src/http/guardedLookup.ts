import type { LookupAddress } from 'node:dns';
import type { LookupFunction } from 'node:net';

/** Resolves a host to all its addresses. */
export type ResolveHost = (host: string) => Promise<readonly LookupAddress[]>;

/** Thrown inside a connect when an address of the host may not be connected to. */
export class AddressRefused extends Error {
  readonly address: string;

  constructor(host: string, address: string) {
    super(`${host} has the address ${address}, which may not be connected to`);
    this.name = 'AddressRefused';
    this.address = address;
  }
}

/**
 * A lookup for `net.connect` that refuses a host when one of its addresses is not allowed. It is asked inside the connect, so
 * that the address that was judged is the one connected to: a name that resolves otherwise a moment later gains nothing.
 */
export function guardedLookup(
  resolve: ResolveHost,
  isAllowed: (address: string) => boolean,
): LookupFunction {
  return (host, options, callback) => {
    resolve(host).then(
      (addresses) => {
        const refused = addresses.find(({ address }) => !isAllowed(address));
        const [first] = addresses;
        if (refused !== undefined) callback(new AddressRefused(host, refused.address), '');
        else if (first === undefined) callback(new Error('the host has no address'), '');
        else if (options.all === true) callback(null, [...addresses]);
        else callback(null, first.address, first.family);
      },
      (error: unknown) => {
        callback(error instanceof Error ? error : new Error('the lookup failed'), '');
      },
    );
  };
}
