// Data in, data out: the names under which exports are ordered. A name is chosen before its job is, and finds it again.

const nameCharactersMax = 64;
const NAME = /^[a-z0-9][a-z0-9_-]{0,62}[a-z0-9]$/;

/** What `isJobName` asks for, in words. */
export const JOB_NAME_RULE =
  '2 to 64 of a-z, 0-9, - and _, the first and the last a letter or digit';

/** True for a name that a download job can have. Source: API page CreateDownloadJob (November 2026). */
export function isJobName(name: string): boolean {
  return NAME.test(name);
}

/** A name for an order made by hand: `logferry-20261101t093000z-k3f9q2ab`. 0 <= `random` < 1. */
export function handName(nowMs: number, random: number): string {
  const word = Math.floor(random * 36 ** 8).toString(36);
  return `logferry-${timeLabel(nowMs)}-${word.padStart(8, '0')}`;
}

/**
 * The name of a scheduled export's job: the same for the same export, range and attempt, another for any other. Readable; an
 * export with a long name is cut, and told apart by a hash.
 */
export function scheduledName(slot: {
  /** A key of `exports`. */
  readonly export: string;
  readonly fromMs: number;
  /** From 1. */
  readonly attempt: number;
}): string {
  const name = fitted(slot.export, `-${timeLabel(slot.fromMs)}`);
  return slot.attempt === 1 ? name : fitted(name, suffixOf(slot.attempt));
}

/** The name of the attempt after this one. @param attempt that of `name`, from 1 */
export function nextAttemptName(name: string, attempt: number): string {
  const suffix = suffixOf(attempt);
  const first = attempt > 1 && name.endsWith(suffix) ? name.slice(0, -suffix.length) : name;
  return fitted(first, suffixOf(attempt + 1));
}

function suffixOf(attempt: number): string {
  return `-a${attempt}`;
}

/** 2026-11-01T09:30:00Z as `20261101t093000z`. */
function timeLabel(timeMs: number): string {
  const text = new Date(Math.floor(timeMs / 1_000) * 1_000).toISOString();
  return text.replace('.000Z', 'z').replaceAll(/[-:]/g, '').toLowerCase();
}

/** The head with the tail behind it; a head that is too long ends in a hash of all of it. */
function fitted(head: string, tail: string): string {
  const roomCharacters = nameCharactersMax - tail.length;
  if (head.length <= roomCharacters) return `${head}${tail}`;
  const hash = hashOf(head);
  return `${head.slice(0, roomCharacters - hash.length - 1)}-${hash}${tail}`;
}

/** FNV-1a of 64 bits, as 13 letters and digits: names of one configuration are told apart, nobody is to be fooled. */
function hashOf(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let at = 0; at < text.length; at += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(at))) * 0x100000001b3n);
  }
  return hash.toString(36).padStart(13, '0');
}
