import { createHash } from 'node:crypto';

/** What the object store has under a path. */
export interface StoredObject {
  readonly bytes: number;
  /** In quotes, as its header has it. */
  readonly etag: string;
  readonly modifiedAtMs: number;
  /** Of [start, end), made while they are taken. */
  readonly pieces: (start: number, end: number) => Iterable<Buffer>;
}

/** Another content of the same length, written over the object a second later: one bit in its middle, and the ETag. */
export function changedObject(object: StoredObject): StoredObject {
  const changedAt = Math.floor(object.bytes / 2);
  const etag = createHash('md5').update(`${object.etag}, changed`).digest('hex').toUpperCase();
  return {
    bytes: object.bytes,
    etag: `"${etag}"`,
    modifiedAtMs: object.modifiedAtMs + 1000,
    pieces: function* (start, end) {
      let at = start;
      for (const piece of object.pieces(start, end)) {
        yield withBitFlipped(piece, changedAt - at);
        at += piece.length;
      }
    },
  };
}

/** One byte is missing at the end, and nothing tells: neither Content-Length nor the ETag. */
export function shortObject(object: StoredObject): StoredObject {
  return { ...object, bytes: Math.max(0, object.bytes - 1) };
}

/** A copy: the bytes may be held by others. A place outside changes nothing. */
function withBitFlipped(piece: Buffer, place: number): Buffer {
  if (place < 0 || place >= piece.length) return piece;
  const changed = Buffer.from(piece);
  changed.writeUInt8(changed.readUInt8(place) ^ 1, place);
  return changed;
}
