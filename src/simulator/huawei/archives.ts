import type { ZipEntry } from './zip.ts';
import { zipOf } from './zip.ts';

const text = Buffer.from('2026-11-22 13:19:07 INFO all is well\nsecond line\n');
const MEBIBYTE = 1024 * 1024;

function named(name: string | Buffer): ZipEntry {
  return { name, data: text };
}

/** Every archive that must be refused: each lies, leads out, or unpacks to much more than it is. Small ones, all of them. */
const HOSTILE = {
  parentName: () => zipOf([named('ok.log'), named('../evil.log')]),
  innerParentName: () => zipOf([named('a/../../b.log')]),
  absoluteName: () => zipOf([named('/etc/evil.log')]),
  driveName: () => zipOf([named('C:\\evil.log')]),
  backslashParentName: () => zipOf([named('..\\evil.log')]),
  nulInName: () => zipOf([named('evil.log\0.txt')]),
  cutInHalf: () => cut((bytes) => bytes / 2),
  lastBytesCut: () => cut((bytes) => bytes - 10),
  bytesMissingInside: () => {
    const whole = noiseZip();
    return Buffer.concat([whole.subarray(0, 500), whole.subarray(1_500)]);
  },
  emptyFile: () => Buffer.alloc(0),
  notAZip: () => Buffer.from('<html><body>Please sign in.</body></html>'),
  zipCrypto: () => zipOf([{ name: 'secret.log', data: text, flags: 0x801 }]),
  strongEncryption: () => zipOf([{ name: 'secret.log', data: text, flags: 0x841 }]),
  aes: () => zipOf([{ name: 'secret.log', data: text, flags: 0x801, declared: { method: 99 } }]),
  unknownMethod: () => zipOf([{ name: 'odd.log', data: text, declared: { method: 12 } }]),
  wrongCrc: () => zipOf([{ name: 'a.log', data: text, declared: { crc: 1 } }]),
  wrongCrcStored: () => zipOf([{ name: 'a.log', data: text, stored: true, declared: { crc: 1 } }]),
  flippedByte: () => {
    const whole = zipOf([{ name: 'a.log', data: text, stored: true }]);
    const at = whole.indexOf(text) + 3;
    whole.writeUInt8(whole.readUInt8(at) ^ 1, at);
    return whole;
  },
  declaredTooSmall: () =>
    zipOf([{ name: 'bomb.log', data: Buffer.alloc(2 * MEBIBYTE), declared: { bytes: 10 } }]),
  declaredTooLarge: () => zipOf([{ name: 'a.log', data: text, declared: { bytes: 10_000 } }]),
  declaredOtherSizeStored: () =>
    zipOf([{ name: 'a.log', data: text, stored: true, declared: { bytes: 10 } }]),
  manyEntries: () => zipOf(Array.from({ length: 10_001 }, (_, n) => named(`${n}.log`))),
  sharedBody: () => zipOf([{ name: 'bomb.log', data: noise(16 * 1024), listings: 256 }]),
  zeros: () => zipOf([{ name: 'zeros.log', data: Buffer.alloc(4 * MEBIBYTE) }]),
  hugeEntry: () =>
    zipOf([{ name: 'huge.log', data: text, zip64: true, declared: { bytes: 2 ** 33 } }]),
  symlink: () => zipOf([{ name: 'link.log', data: Buffer.from('/etc/passwd'), mode: 0o120_777 }]),
} as const satisfies Readonly<Record<string, () => Buffer>>;

export type HostileArchive = keyof typeof HOSTILE;
export const HOSTILE_ARCHIVES = Object.keys(HOSTILE) as readonly HostileArchive[];

/** The bytes of one of them. */
export function hostileArchive(kind: HostileArchive): Buffer {
  return HOSTILE[kind]();
}

function cut(to: (bytes: number) => number): Buffer {
  const whole = noiseZip();
  return whole.subarray(0, Math.floor(to(whole.length)));
}

function noiseZip(): Buffer {
  return zipOf([{ name: 'a.log', data: noise(8_192) }, named('b.log')]);
}

/** Bytes that no packer makes smaller, the same at every call. */
function noise(bytes: number): Buffer {
  let state = 1;
  return Buffer.from(
    Array.from({ length: bytes }, () => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return state >>> 24;
    }),
  );
}
