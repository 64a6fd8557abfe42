import { randomUUID } from 'node:crypto';
import type { Config } from '../config/config.ts';
import { createSlots } from '../domain/slots.ts';
import type { EngineDeps, Log, StreamRuntime } from '../engine/ports.ts';
import { budgetedApi } from '../engine/rateBudget.ts';
import { createRequestMeter } from '../engine/requestMeter.ts';
import { fileEngine } from '../files/fileEngine.ts';
import { createHttpClient } from '../http/client.ts';
import { createLinkClient } from '../http/linkClient.ts';
import { createAccountApi } from '../providers/accounts.ts';
import type { CloudApi } from '../providers/apiRequest.ts';
import type { Sink } from '../sinks/sink.ts';
import { systemClock } from './systemClock.ts';

/** A configuration put to work: every stream registered, with its account's API signed, budgeted and counted. */
export interface Runtime {
  readonly deps: EngineDeps;
  readonly sink: Sink;
  readonly streams: readonly StreamRuntime[];
  /** Writes the request counts gathered so far. */
  readonly flushCounts: () => Promise<void>;
  /** Flushes, and closes the HTTP connections. The sink is the caller's to close. */
  close(): Promise<void>;
}

/**
 * Registers the configured streams in the sink and builds what walks and tracks them.
 * @throws SinkError when the sink refuses or cannot be reached
 */
export async function openRuntime(parts: {
  readonly config: Pick<Config, 'accounts' | 'downloads' | 'streams'>;
  readonly sink: Sink;
  readonly log: Log;
}): Promise<Runtime> {
  const { config, sink, log } = parts;
  const clock = systemClock;
  const random = Math.random;
  const ids = await sink.registerStreams(
    config.streams.map(({ name, source, account }) => ({ name, source: source.id, account })),
    clock.nowMs(),
  );
  const http = createHttpClient();
  const { allowedHosts, archive, fileBytesMax, limits } = config.downloads;
  const links = createLinkClient({ allowedHosts, nowMs: () => clock.nowMs() });
  const meter = createRequestMeter(sink);
  const apis = new Map<string, CloudApi>();
  for (const [account, settings] of config.accounts) {
    const api = createAccountApi(account, settings, {
      http,
      nowMs: () => clock.nowMs(),
      nonce: randomUUID,
      random,
    });
    const deps = { account, store: sink, clock, random, log };
    apis.set(account, budgetedApi(meter.meter(account, api), deps));
  }
  return {
    deps: {
      ...{ sink, files: fileEngine, clock, random, log, inSlots: createSlots() },
      downloads: { links, archive, fileBytesMax, limits },
    },
    sink,
    streams: config.streams.map((stream) => ({
      streamId: need(ids.get(stream.name), `stream ${stream.name} was not registered`),
      name: stream.name,
      account: stream.account,
      source: stream.source,
      settings: stream.settings,
      track: stream.track,
      api: need(apis.get(stream.account), `account ${stream.account} is not configured`),
    })),
    flushCounts: () => meter.flush(),
    close: async () => {
      try {
        await meter.flush();
      } finally {
        await Promise.all([http.close(), links.close()]);
      }
    },
  };
}

function need<Value>(value: Value | undefined, otherwise: string): Value {
  if (value === undefined) throw new Error(otherwise);
  return value;
}
