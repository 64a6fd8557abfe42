/** Thrown where a command is stopped by a signal and something can be said of how to go on; the message goes on after a comma. */
export class Stopped extends Error {
  constructor(message: string, cause: unknown) {
    super(message, { cause });
    this.name = 'Stopped';
  }
}
