import type { ConfigPath } from './configPath.ts';
import type { JsonSchema } from './jsonSchema.ts';
import { isRecord } from './record.ts';

/**
 * The parts of a JSON Schema that apply at `path` of `value`: among alternatives those whose constants (`provider`,
 * `type`, `source`) agree with the value, or all of them when none does.
 */
export function schemasAt(
  schema: JsonSchema,
  path: ConfigPath,
  value: unknown,
): readonly JsonSchema[] {
  const variants = variantsOf(schema, value);
  const [part, ...rest] = path;
  if (part === undefined) return variants;
  const inner = childOf(value, part);
  return variants.flatMap((variant) => {
    const next = partOf(variant, part);
    return next === null ? [] : schemasAt(next, rest, inner);
  });
}

function variantsOf(schema: JsonSchema, value: unknown): readonly JsonSchema[] {
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives === undefined) return [schema];
  const agreeing = alternatives.filter((alternative) => agrees(alternative, value));
  return (agreeing.length === 0 ? alternatives : agreeing).flatMap((alternative) =>
    variantsOf(alternative, value),
  );
}

function agrees(schema: JsonSchema, value: unknown): boolean {
  if (!isRecord(value)) return schema.properties === undefined;
  return Object.entries(schema.properties ?? {}).every(
    ([key, part]) =>
      typeof part !== 'object' || part.const === undefined || part.const === value[key],
  );
}

function partOf(schema: JsonSchema, part: string | number): JsonSchema | null {
  const candidates = [
    typeof part === 'number' ? schema.items : schema.properties?.[part],
    schema.additionalProperties,
  ];
  for (const candidate of candidates) {
    if (typeof candidate === 'object' && !Array.isArray(candidate)) return candidate;
  }
  return null;
}

function childOf(value: unknown, part: string | number): unknown {
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return typeof part === 'number' ? items[part] : undefined;
  }
  return isRecord(value) ? value[part] : undefined;
}
