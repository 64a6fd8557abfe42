/** A response that differs from the shape the API page gives. Stored once per stream, path and kind, with a count. */
export interface Drift {
  /** Dotted path inside the entry or the response, array positions left out: `executionDetails.progress`. */
  readonly path: string;
  readonly kind: DriftKind;
  /** What was found, shortened to 200 characters; never a link or a secret. */
  readonly sample: string;
}

export type DriftKind =
  | 'unknown_field'
  | 'unexpected_type'
  | 'out_of_range'
  | 'unknown_value'
  | 'left_terminal_state'
  | 'malformed_response';
