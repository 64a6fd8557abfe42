import { walkStream, type WalkResult } from '../../src/engine/walkStream.ts';
import type { EngineDeps, StreamRuntime } from '../../src/engine/ports.ts';
import type { HttpClient } from '../../src/http/client.ts';
import { accountSchema, createAccountApi } from '../../src/providers/accounts.ts';
import type { CloudApi } from '../../src/providers/apiRequest.ts';
import { SourceError } from '../../src/providers/sourceError.ts';
import { everyFault, type FaultOptions } from '../../src/simulator/faults.ts';
import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import type { Simulator } from '../../src/simulator/server.ts';
import { walkDeps } from './engineKit.ts';

const attemptsMax = 40;

/** The account of the scenarios, its products all answered by one simulator. */
export function simulatedApi(
  cloud: { readonly url: string },
  deps: { readonly http: HttpClient; readonly nowMs: () => number },
): CloudApi {
  const account = accountSchema.parse({
    provider: 'aliyun',
    region: 'cn-hangzhou',
    credentials: { type: 'access_key', ...SCENARIO_ACCOUNT },
    endpoints: { sls: cloud.url, actiontrail: cloud.url },
  });
  let nonces = 0;
  return createAccountApi('prod', account, {
    ...deps,
    nonce: () => String(nonces++),
    random: () => 0.5,
  });
}

/** Every fault with this probability, but for what only costs time and memory: megabytes, waiting, rows without a key. */
export function tameFaults(probability: number, hugeAt: number): FaultOptions {
  return {
    ...everyFault(probability),
    nameless: 0,
    delay: { when: 0, delayMs: 0 },
    trickle: { when: 0, durationMs: 0 },
    hugeStrings: { at: [hugeAt] },
  };
}

/** One walk, tried again after every failure as the queue would, from its checkpoint. */
export async function walkThroughFaults(
  deps: EngineDeps,
  stream: StreamRuntime,
  runId: string,
): Promise<WalkResult> {
  const never = new AbortController().signal;
  for (let number = 1; ; number++) {
    try {
      const attempt = { number, of: attemptsMax };
      const result = await walkStream(walkDeps(deps), { stream, runId, attempt }, never);
      if (result.kind !== 'paused') return result;
    } catch (error) {
      if (!(error instanceof SourceError) || number >= attemptsMax) throw error;
    }
  }
}

/** Names of the jobs that were listed from the first to the last of these requests, sorted. */
export function listedThroughout(
  list: {
    readonly history: () => readonly {
      readonly job: { readonly name: string };
      readonly insertedAtRequest: number;
      readonly removedAtRequest: number | null;
    }[];
  },
  from: number,
  to: number,
): readonly string[] {
  return list
    .history()
    .filter(
      ({ insertedAtRequest, removedAtRequest }) =>
        insertedAtRequest <= from && (removedAtRequest === null || removedAtRequest > to),
    )
    .map(({ job }) => job.name)
    .sort();
}

/** Requests answered so far. */
export function requestsOf(cloud: Simulator): number {
  const byStatus = Object.values(cloud.requests()).flatMap((counts) => Object.values(counts));
  return byStatus.reduce((sum, count) => sum + count, 0);
}
