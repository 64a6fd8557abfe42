/** A key that the simulated cloud knows. */
export interface SimulatedAccount {
  readonly accessKeyId: string;
  readonly accessKeySecret: string;
  /** Set for temporary keys: every request must then carry this token, signed. */
  readonly securityToken?: string;
  /** Epoch milliseconds from which the key is refused, as an expired token is. @default never */
  readonly expiresAtMs?: number;
}

/** A clock further off than this is refused. Source: SLS error codes, RequestTimeExpired; taken for every product. */
export const SKEW_MAX_MS = 15 * 60_000;
