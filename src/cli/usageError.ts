/** Thrown for a command line that cannot be run as it stands: exit code 2. The message says what would be right. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UsageError';
  }
}
