/**
 * True when only this machine can reach a server bound to `host`: `localhost`, 127.0.0.0/8 and ::1, brackets allowed.
 * Every other name counts as reachable from outside, also one that happens to resolve to a loopback address.
 */
export function isLoopbackHost(host: string): boolean {
  const bare = host.toLowerCase().replace(/^\[(.*)\]$/, '$1');
  return bare === 'localhost' || bare === '::1' || isLoopbackV4(bare);
}

function isLoopbackV4(host: string): boolean {
  const parts = host.split('.');
  return (
    parts.length === 4 &&
    parts[0] === '127' &&
    parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)
  );
}
