import { z } from 'zod';
import type { Source } from '../sources/source.ts';
import { rootSchema, streamCommonSchema, streamNameSchema } from './schema.ts';

/** A JSON Schema, or a part of one. */
export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** What the file may hold, as JSON Schema: built from the schemas that read it, with the keys of every source. */
export function bareJsonSchema(sources: readonly Source[]): JsonSchema {
  const root = toJsonSchema(rootSchema);
  const variants = sources.map(streamJsonSchema);
  const [only] = variants;
  return {
    ...root,
    title: 'logferry.yaml',
    properties: {
      ...root.properties,
      streams: {
        ...property(root, 'streams'),
        propertyNames: toJsonSchema(streamNameSchema),
        minProperties: 1,
        additionalProperties:
          only !== undefined && variants.length === 1 ? only : { oneOf: variants },
      },
      accounts: { ...property(root, 'accounts'), minProperties: 1 },
    },
  };
}

/** The same for editors and validators: wherever a value stands, a text with `${VAR}` may stand too. */
export function configJsonSchema(sources: readonly Source[]): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    ...withVariables(bareJsonSchema(sources)),
  };
}

function streamJsonSchema(source: Source): JsonSchema {
  const common = toJsonSchema(streamCommonSchema);
  const own = toJsonSchema(source.streamSchema);
  return {
    type: 'object',
    description: source.title,
    properties: {
      ...common.properties,
      source: { ...property(common, 'source'), const: source.id },
      ...own.properties,
    },
    required: [...(common.required ?? []), ...(own.required ?? [])],
    additionalProperties: false,
  };
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const json = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ jsonSchema }) => {
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  // The dialect is named once, at the top of the whole.
  delete json.$schema;
  return json;
}

function property(schema: JsonSchema, key: string): JsonSchema {
  const found = schema.properties?.[key];
  return typeof found === 'object' ? found : {};
}

function withVariables(schema: JsonSchema): JsonSchema {
  if (isRestrictedLeaf(schema)) {
    const { description, default: byDefault, ...rest } = schema;
    return {
      ...(description === undefined ? {} : { description }),
      ...(byDefault === undefined ? {} : { default: byDefault }),
      anyOf: [rest, { type: 'string', pattern: '\\$\\{' }],
    };
  }
  const { properties, additionalProperties, items, oneOf, anyOf } = schema;
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: partsWithVariables(properties) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: withVariables(additionalProperties) }
      : {}),
    ...(typeof items === 'object' && !Array.isArray(items) ? { items: withVariables(items) } : {}),
    ...(oneOf === undefined ? {} : { oneOf: oneOf.map(withVariables) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(withVariables) }),
  };
}

function partsWithVariables(
  properties: Readonly<Record<string, JsonSchema | boolean>>,
): Record<string, JsonSchema | boolean> {
  return Object.fromEntries(
    Object.entries(properties).map(([key, part]) => [
      key,
      typeof part === 'object' ? withVariables(part) : part,
    ]),
  );
}

function isRestrictedLeaf(schema: JsonSchema): boolean {
  if (schema.const !== undefined) return false;
  if (schema.type === 'string') {
    return [schema.pattern, schema.format, schema.enum, schema.maxLength].some(
      (restriction) => restriction !== undefined,
    );
  }
  return schema.type === 'integer' || schema.type === 'number' || schema.type === 'boolean';
}
