/** What part of an object is asked for; `end` is exclusive. */
export type AskedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly start: number; readonly end: number }
  | { readonly kind: 'outside' };

/**
 * Reads a Range header of one range: `bytes=a-b`, `bytes=a-`, `bytes=-n`. Anything else is passed over, as RFC 9110 has it.
 * (OSS answers a range outside the object with the whole of it, unless it is asked for standard behaviour; this is the standard one.)
 */
export function readRange(header: string | undefined, bytes: number): AskedRange {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? '') ?? [];
  if (first === '' && last === '') return { kind: 'whole' };
  if (first === '') {
    const tail = Math.min(Number(last), bytes);
    return tail === 0 ? { kind: 'outside' } : { kind: 'part', start: bytes - tail, end: bytes };
  }
  const start = Number(first);
  if (last !== '' && Number(last) < start) return { kind: 'whole' };
  const end = last === '' ? bytes : Math.min(bytes, Number(last) + 1);
  return start < bytes ? { kind: 'part', start, end } : { kind: 'outside' };
}
