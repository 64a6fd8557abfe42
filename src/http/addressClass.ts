import ipaddr from 'ipaddr.js';

/**
 * public: an address of the internet. private: any other (loopback, private, shared, link-local, multicast, reserved, ...).
 * metadata: one at which clouds hand out credentials, and all link-local ones, where they mostly are.
 */
export type AddressClass = 'public' | 'private' | 'metadata';

/**
 * Tells what can be reached at an IP address, with or without brackets. IPv4 inside IPv6 (mapped, NAT64) counts as what it is.
 * The ranges are those of ipaddr.js, from the IANA registries; of IPv6 only 2000::/3 is public, which is all that
 * IANA gives out. 6to4 and Teredo are out of use, and hide an IPv4 address: private.
 */
export function classOfAddress(text: string): AddressClass {
  const bare = text.replace(/^\[(.*)\]$/, '$1');
  if (!ipaddr.isValid(bare)) return 'private';
  const address = ipaddr.parse(bare);
  if (address.kind() === 'ipv4') return classOfV4(address.toString(), address.range());
  const bytes = address.toByteArray();
  const range = address.range();
  const isCarrier = range === 'ipv4Mapped' || (range === 'rfc6052' && isWellKnownNat64(bytes));
  if (isCarrier) return classOfAddress(bytes.slice(12).join('.'));
  if (range === 'linkLocal' || address.toString() === METADATA_V6) return 'metadata';
  return range === 'unicast' && isGlobal(bytes) ? 'public' : 'private';
}

/** Of AWS, whose other one is link-local. */
const METADATA_V6 = 'fd00:ec2::254';
/** Of Alibaba Cloud (ECS user guide, Instance metadata, 2026-05-15); those of other clouds are link-local. */
const METADATA_V4 = '100.100.100.200';

function classOfV4(address: string, range: string): AddressClass {
  if (range === 'linkLocal' || address === METADATA_V4) return 'metadata';
  return range === 'unicast' ? 'public' : 'private';
}

/** 64:ff9b::/96; the rest of that range is for networks of one's own. */
function isWellKnownNat64(bytes: readonly number[]): boolean {
  return bytes.slice(4, 12).every((byte) => byte === 0);
}

function isGlobal([first = 0]: readonly number[]): boolean {
  return (first & 0xe0) === 0x20;
}

/** True for an IP address as URLs write it. */
export function isAddress(host: string): boolean {
  return ipaddr.isValid(host.replace(/^\[(.*)\]$/, '$1'));
}
