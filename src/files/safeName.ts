import { createHash } from 'node:crypto';

/** Of a folder's or file's name; file systems take 255, and a digest may be added to a name. */
const NAME_BYTES_MAX = 200;
/** What tells the kind of a file to people and programs. */
const EXTENSION = /(?<=.)\.[a-z0-9]{1,15}$/i;

/** Control and invisible characters, halves of characters, and what separates or is forbidden on some system. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}/\\:*?"<>|]/gu;
/** What hides a name (a dot), or is lost on Windows (dots and blanks behind). */
const EDGES = /^[\s.]|[\s.]$/gu;
const RESERVED = /^(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])(?=\.|$)/i;
/** How a changed name ends, before its extension. A name given like that is changed too, so that it cannot pass for another. */
const MARKED = /~[0-9a-f]{16}(?:\.[^.]*)?$/;

/**
 * A name for one folder or file, of any text: leads nowhere, hides nothing, can be written on every system, at most 200 bytes.
 * Text that needs no change stays as it is; changed text gets a digest of the whole before its extension, so that no two
 * texts get the same name.
 */
export function safeName(text: string): string {
  const plain = text
    .replace(UNSAFE, '_')
    .replace(EDGES, '_')
    .replace(RESERVED, (device) => `_${device}`);
  const isKept =
    plain === text && text !== '' && bytesOf(text) <= NAME_BYTES_MAX && !MARKED.test(text);
  return isKept ? text : nameWith(plain, `~${digestOf(text)}`);
}

/** The name with an addition before its extension, cut where it would get too long. */
export function nameWith(name: string, addition: string): string {
  const [extension = ''] = EXTENSION.exec(name) ?? [];
  const stem = name.slice(0, name.length - extension.length);
  return `${cut(stem, NAME_BYTES_MAX - bytesOf(addition + extension))}${addition}${extension}`;
}

/** The beginning of a text, whole characters only. */
function cut(text: string, bytesMax: number): string {
  let bytes = 0;
  let kept = '';
  for (const character of text) {
    bytes += bytesOf(character);
    if (bytes > bytesMax) break;
    kept += character;
  }
  return kept;
}

function bytesOf(text: string): number {
  return Buffer.byteLength(text);
}

function digestOf(text: string): string {
  // UTF-16, since UTF-8 makes one of all halves of characters.
  return createHash('sha256').update(text, 'utf16le').digest('hex').slice(0, 16);
}
