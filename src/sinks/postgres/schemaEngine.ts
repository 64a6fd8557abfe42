import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { SqlDriverAdapterFactory } from '@prisma/driver-adapter-utils';
import * as glue from '@prisma/schema-engine-wasm/schema_engine_bg';

/** Neither the `es2023` library nor @types/node 20 declares it. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{
    readonly instance: { readonly exports: { readonly __wbindgen_start: () => void } };
  }>;
};

/** Prisma's schema engine on one database. */
export interface OpenSchemaEngine {
  readonly engine: glue.SchemaEngine;
  /** The database's own error of the script that failed: the engine's message does not carry it. */
  readonly scriptError: () => unknown;
  readonly close: () => Promise<void>;
}

/**
 * Starts Prisma's schema engine (WebAssembly: no engine binary, no download) on the database.
 * The adapter's own `executeScript` splits a script at every semicolon and sends the pieces over any connection of its
 * pool: a function body or a comment breaks it, and a failure leaves half a migration. Here a script is one simple query,
 * which PostgreSQL runs as one transaction.
 * @param database.datamodel the text of schema.prisma
 * @param database.epilogue SQL that is committed or rolled back together with every script
 */
export async function openSchemaEngine(database: {
  readonly url: string;
  readonly datamodel: string;
  readonly epilogue: string;
}): Promise<OpenSchemaEngine> {
  loaded ??= loadWasm();
  await loaded;
  const factory = new PrismaPg({ connectionString: database.url, max: 1 });
  const opened: { dispose(): Promise<void> }[] = [];
  let scriptError: unknown;
  const adapters: SqlDriverAdapterFactory = {
    provider: factory.provider,
    adapterName: factory.adapterName,
    connect: async () => {
      const adapter = await factory.connect();
      opened.push(adapter);
      adapter.executeScript = async (script) => {
        try {
          await adapter.underlyingDriver().query(`${script}\n;${database.epilogue}`);
        } catch (error) {
          scriptError = error;
          throw error;
        }
      };
      return adapter;
    },
  };
  const engine = await glue.SchemaEngine.new(
    { datamodels: [['schema.prisma', database.datamodel]] },
    () => undefined,
    bindSqlAdapterFactory(adapters),
  );
  return {
    engine,
    scriptError: () => scriptError,
    close: async () => {
      engine.free();
      for (const adapter of opened) await adapter.dispose();
    },
  };
}

let loaded: Promise<void> | undefined;

/** The package's own entry cannot be imported by Node; its glue can, once it is given the compiled module. */
async function loadWasm(): Promise<void> {
  const path = createRequire(import.meta.url).resolve(
    '@prisma/schema-engine-wasm/schema_engine_bg',
  );
  // It sets a timer of 10 s that it never clears, which would hold up the end of the process by as much.
  const imports: Record<string, unknown> = {};
  for (const [name, value] of Object.entries<unknown>(glue)) {
    imports[name] = name.startsWith('__wbg_setTimeout') ? setWeakTimeout : value;
  }
  const bytes = readFileSync(join(dirname(path), 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(bytes, { './schema_engine_bg.js': imports });
  glue.__wbg_set_wasm(instance.exports);
  instance.exports.__wbindgen_start();
}

function setWeakTimeout(callback: () => void, delayMs: number): NodeJS.Timeout {
  return setTimeout(callback, delayMs).unref();
}
