import type pg from 'pg';
import { timeText } from '../rowText.ts';

/** One statement. With `lines`, a COPY from stdin and the text it is given, in pieces of any length. */
export interface Step {
  readonly text: string;
  readonly values?: readonly (string | number | Date | null)[];
  readonly lines?: readonly string[];
}

/** What came of one statement. Values by column name, as the server writes them: `t` for true. */
export interface StepResult {
  readonly rowCount: number;
  readonly rows: readonly StepRow[];
}

export type StepRow = Readonly<Record<string, string | null>>;

/**
 * Sends all steps at once and reads all their answers: the server is waited for once, not once for each. They run in order;
 * after one that fails the server skips the rest, whatever they are. A COPY's lines go along without waiting to be asked for:
 * the server skips them too when it has refused the COPY.
 * Source: PostgreSQL 18 documentation, 54.2.3 "Extended Query" and 54.2.6 "COPY Operations".
 * @throws the error of the first step that fails
 */
export async function inOneFlight(
  client: pg.PoolClient,
  steps: readonly Step[],
): Promise<readonly StepResult[]> {
  if (steps.length === 0) return [];
  return new Promise((resolve, reject) => {
    client.query(new Flight(steps, { resolve, reject }));
  });
}

interface Landing {
  readonly resolve: (results: readonly StepResult[]) => void;
  readonly reject: (error: Error) => void;
}

/** A query class of its own, as node-postgres lets one be handed in (pg-cursor and pg-copy-streams are such). */
class Flight implements pg.Submittable {
  readonly #steps: readonly Step[];
  readonly #landing: Landing;
  readonly #results: StepResult[] = [];
  #columns: readonly string[] = [];
  #rows: StepRow[] = [];

  constructor(steps: readonly Step[], landing: Landing) {
    this.#steps = steps;
    this.#landing = landing;
  }

  /** One Sync at the end: it is what makes the server skip the rest after a failure. */
  submit(connection: pg.Connection): void {
    const { stream } = connection;
    stream.cork();
    for (const { text, values = [], lines } of this.#steps) {
      connection.parse({ name: '', text, types: [] }, true);
      connection.bind({ values: values.map(parameterText) }, true);
      connection.describe({ type: 'P' }, true);
      connection.execute(null, true);
      if (lines !== undefined) for (const message of copyMessages(lines)) stream.write(message);
    }
    connection.sync();
    stream.uncork();
  }

  handleRowDescription({ fields }: { readonly fields: readonly pg.FieldDef[] }): void {
    this.#columns = fields.map(({ name }) => name);
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const values = this.#columns.map((name, index) => [name, fields[index] ?? null] as const);
    this.#rows.push(Object.fromEntries(values));
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    // `UPDATE 1`, `COPY 500`, `BEGIN`
    this.#results.push({ rowCount: Number(/\d+$/.exec(text)?.[0] ?? 0), rows: this.#rows });
    this.#rows = [];
  }

  handleReadyForQuery(): void {
    this.#landing.resolve(this.#results);
  }

  handleError(error: Error): void {
    this.#landing.reject(error);
  }

  /** The lines are on their way. */
  handleCopyInResponse(): void {
    return;
  }
}

function parameterText(value: string | number | Date | null): string | null {
  if (value instanceof Date) return timeText(value.getTime());
  return value === null ? null : String(value);
}

const headBytes = 5;
const messageBytes = 64 * 1024;
/** A character of UTF-16 has three bytes at most. */
const characterBytesMax = 3;
/** The bytes of a longer piece are counted, not guessed. */
const longCharacters = 4096;

/**
 * CopyData with all the pieces, and CopyDone. Each message: one letter, its length without the letter, what it carries. Written
 * piece by piece: joined before, a single sign beyond Latin-1 would double the text of them all (measured: 1.1 us a row, not 1.9).
 */
function* copyMessages(pieces: readonly string[]): Generator<Buffer> {
  let message = Buffer.allocUnsafeSlow(messageBytes);
  let end = headBytes;
  for (const piece of pieces) {
    const bytesMax =
      piece.length > longCharacters ? Buffer.byteLength(piece) : piece.length * characterBytesMax;
    if (end + bytesMax > message.length) {
      if (end > headBytes) yield closed(message.subarray(0, end), 'd');
      message = Buffer.allocUnsafeSlow(Math.max(messageBytes, headBytes + bytesMax));
      end = headBytes;
    }
    end += message.write(piece, end);
  }
  if (end > headBytes) yield closed(message.subarray(0, end), 'd');
  yield closed(Buffer.alloc(headBytes), 'c');
}

function closed(message: Buffer, letter: string): Buffer {
  message.write(letter, 0);
  message.writeInt32BE(message.length - 1, 1);
  return message;
}
