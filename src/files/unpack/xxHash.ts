import xxhash from 'xxhash-wasm';

/** The checksums of LZ4 (32 bits) and Zstandard (64 bits), with the seed 0 that both formats have. */
export interface XxHash {
  readonly hash32: (bytes: Uint8Array) => number;
  readonly streaming32: () => StreamingHash<number>;
  readonly streaming64: () => StreamingHash<bigint>;
}

export interface StreamingHash<T> {
  update(bytes: Uint8Array): void;
  digest(): T;
}

/** Compiles the hash functions: a millisecond, once a file. */
export async function loadXxHash(): Promise<XxHash> {
  const wasm = await xxhash();
  return {
    hash32: (bytes) => wasm.h32Raw(bytes),
    streaming32: () => wasm.create32(),
    streaming64: () => wasm.create64(),
  };
}
