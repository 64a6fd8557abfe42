/** The number of bytes that a header such as Content-Length tells; null when it tells none that can be true. */
export function byteCountOf(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,15}$/.test(header) ? Number(header) : null;
}
