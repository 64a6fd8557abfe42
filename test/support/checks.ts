import { createHttpClient } from '../../src/http/client.ts';
import type { StreamRuntime } from '../../src/engine/ports.ts';
import { accountSchema, createAccountApi } from '../../src/providers/accounts.ts';
import type { CloudApi } from '../../src/providers/apiRequest.ts';
import type { HuaweiOptions } from '../../src/simulator/huawei/huawei.ts';
import type { ArchiveSpec } from '../../src/simulator/huawei/subJob.ts';
import { SCENARIO_ACCOUNT } from '../../src/simulator/scenario.ts';
import { startSimulator, type Simulator } from '../../src/simulator/server.ts';
import type { Sink } from '../../src/sinks/sink.ts';
import { sourceOf } from '../../src/sources/registry.ts';

const CHECK_USER = { domain: 'acme', name: 'robot', password: 'pass word' };

/** A made-up sub-job id: 32 characters. */
export function subJob(number: number): string {
  return `a777ff00d3cf4d369d870668${String(number).padStart(8, '0')}`;
}

/** A plausible log of a code check. */
export function someLog(seed: string, lines: number): ArchiveSpec {
  return { kind: 'log', seed, lines, startedAtMs: Date.parse('2026-11-22T05:19:07Z') };
}

/** A simulated Huawei Cloud with these archives. */
export function startChecks(
  options: HuaweiOptions,
  more: { readonly nowMs?: () => number; readonly seed?: number } = {},
): Promise<Simulator> {
  return startSimulator({
    ...{ seed: 7, accounts: [SCENARIO_ACCOUNT], region: 'cn-north-4', projects: {} },
    ...more,
    huawei: { users: [CHECK_USER], throttleWindow: '1 second', ...options },
  });
}

/** How the account `build` proves who it is. */
export const AK_SK = {
  type: 'ak_sk',
  accessKey: SCENARIO_ACCOUNT.accessKeyId,
  secretKey: SCENARIO_ACCOUNT.accessKeySecret,
};
export const PASSWORD = {
  type: 'password',
  domain: CHECK_USER.domain,
  user: CHECK_USER.name,
  password: CHECK_USER.password,
};

/** The API of the account `build`, and how to close it. */
export function openBuildApi(
  url: string,
  credentials: Readonly<Record<string, string>> = AK_SK,
  nowMs: () => number = () => Date.now(),
): { readonly api: CloudApi; readonly close: () => Promise<void> } {
  const http = createHttpClient({ bodyIdleTimeoutMs: 5_000 });
  const account = accountSchema.parse({
    ...{ provider: 'huawei', region: 'cn-north-4', credentials },
    projectId: '0605767b5780d5762fc5c0118072a564',
    endpoints: { iam: url, codearts_check: url },
  });
  const api = createAccountApi('build', account, {
    ...{ http, nowMs, nonce: () => 'n', random: () => 0.5 },
  });
  return { api, close: () => http.close() };
}

/** The stream `checklogs`, registered in the sink. */
export async function checkStream(
  sink: Sink,
  api: CloudApi,
  settings: Readonly<Record<string, unknown>>,
): Promise<StreamRuntime> {
  const source = sourceOf('huawei.codearts_check.log_files');
  if (source === undefined) throw new Error('the source is not registered');
  const identity = { name: 'checklogs', source: source.id, account: 'build' };
  const ids = await sink.registerStreams([identity], 0);
  return {
    ...{ streamId: ids.get('checklogs') ?? '', name: 'checklogs', account: 'build', source, api },
    settings: source.streamSchema.parse(settings),
    track: { pollMinMs: 1_000, pollMaxMs: 60_000, deadlineMs: 3_600_000 },
  };
}
