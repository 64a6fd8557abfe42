/** Keeps what was used last, up to so many bytes; what is larger is not kept. */
export class ByteCache<Key extends object> {
  readonly #bytesMax: number;
  /** In order of use, oldest first. */
  readonly #held = new Map<Key, Buffer>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get(key: Key, render: () => Buffer): Buffer {
    const held = this.#held.get(key);
    const content = held ?? render();
    if (held !== undefined) this.#drop(key, held);
    if (content.length <= this.#bytesMax) this.#keep(key, content);
    return content;
  }

  #keep(key: Key, content: Buffer): void {
    this.#held.set(key, content);
    this.#bytes += content.length;
    for (const [oldest, bytes] of this.#held) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#drop(oldest, bytes);
    }
  }

  #drop(key: Key, content: Buffer): void {
    this.#held.delete(key);
    this.#bytes -= content.length;
  }
}
