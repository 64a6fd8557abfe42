import type { LogFields } from '../sls/logQuery.ts';

export interface FileFormat {
  readonly contentType: 'csv' | 'json';
  readonly compressionType: 'none' | 'gzip' | 'lz4' | 'zstd';
}

/** What a finished job's file is. Rendered when it is first asked for. */
export type ExportFileSpec = (RowsSpec | MadeSpec | BytesSpec) & EtagSpec;

/** These rows; read anew each time the file is rendered, so it must give the same ones each time. */
interface RowsSpec extends BadRowsSpec {
  readonly rows: Iterable<LogFields>;
}

/** Made-up log entries, any number of them: a file that is not packed is never held as a whole. */
export interface MadeSpec extends BadRowsSpec {
  readonly madeRows: number;
  /** Of the first entry. Unix seconds, ten digits. */
  readonly fromS: number;
  readonly perSecond: number;
}

interface BadRowsSpec {
  /** Records that cannot be read, from 1: ragged in CSV, cut off in JSON. A file that has some is held as a whole. @default none */
  readonly badRows?: readonly number[];
}

/** Exactly these bytes, whatever the job's format says. */
interface BytesSpec {
  readonly bytes: Buffer;
  /** What the job says of it. */
  readonly contentLogCount: number;
}

interface EtagSpec {
  /** Told instead of a checksum: a form that nobody knows. A large file is then not read through to find its checksum. */
  readonly etag?: string;
  /** Uploaded in so many parts: the ETag is `<MD5 of the MD5s of the parts>-<parts>`. @default 1: the MD5 of the file */
  readonly parts?: number;
}
