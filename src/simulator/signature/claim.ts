/** What a request claims about its sender, before it is believed. Each signature scheme reads its own headers into this. */
export interface SignatureClaim {
  readonly accessKeyId: string;
  /** Epoch milliseconds; null when the time is absent or unreadable. */
  readonly signedAtMs: number | null;
  /** The signature as sent. */
  readonly signature: string;
  /** Every signature that this request may carry under `secret`: more than one where official signers differ. */
  readonly expected: (secret: string) => readonly string[];
}
