/** Ends every `switch` over a union: a new member stops the compiler, not the night shift. */
export function assertNever(value: never): never {
  throw new Error(`unhandled case: ${JSON.stringify(value)}`);
}
