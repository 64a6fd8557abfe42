import type { BadRecord, ExportRow } from '../../engine/filePort.ts';
import type { RecordFormat, RecordSpan } from './recordFormat.ts';

/** What a record is worth. */
export type Built =
  | ({ readonly kind: 'row' } & Pick<ExportRow, 'content' | 'loggedAtMs'>)
  | ({ readonly kind: 'bad' } & Pick<BadRecord, 'reason' | 'message'>);

/** How rows are made of the records of a format. Has a state: one for each reading of a file. */
export interface RowFormat<R extends RecordSpan> {
  readonly records: RecordFormat<R>;
  /**
   * False for what stands between records: a header, blank lines. Asked of each record once, in order.
   * @throws ExportRefused `no_header`
   */
  isRow(text: string, record: R): boolean;
  /** @throws ExportRefused `no_header` when no row can be told before the bad one */
  noteBad(message: string): void;
  build(text: string, record: R): Built;
}
