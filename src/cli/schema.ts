import { configJsonSchema } from '../config/jsonSchema.ts';
import type { Source } from '../sources/source.ts';

/**
 * `logferry schema`: prints the JSON Schema of `logferry.yaml`, as one JSON document.
 * @returns the exit code, 0
 */
export function runSchema(args: {
  readonly sources: readonly Source[];
  readonly out: (line: string) => void;
}): number {
  args.out(JSON.stringify(configJsonSchema(args.sources), null, 2));
  return 0;
}
