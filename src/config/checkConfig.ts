import { isLoopbackHost } from '../domain/loopbackHost.ts';
import { nearestOf } from '../domain/nearest.ts';
import type { Source } from '../sources/source.ts';
import { exportIssues, scheduledExport } from './checkExports.ts';
import type { Config, StreamConfig } from './config.ts';
import type { Issue } from './issue.ts';
import { issueAt, issuesBelow } from './issue.ts';
import { isRecord } from './record.ts';
import { rootSchema, streamCommonSchema, streamNameSchema } from './schema.ts';

const MIB = 1024 * 1024;

/** The data of a file, judged: a configuration, or everything that is wrong with it. */
export type Checked =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly issues: readonly Issue[] };

/** Judges the whole file, the parts as well as what they say of each other, and finds every issue in one go. */
export function checkConfig(plain: unknown, sources: readonly Source[]): Checked {
  const root = rootSchema.safeParse(plain);
  const streams = recordAt(plain, 'streams');
  const checked = Object.entries(streams).map(([name, stream]) =>
    checkStream(name, stream, { sources, accounts: recordAt(plain, 'accounts') }),
  );
  const issues = [
    ...(root.success ? [] : root.error.issues),
    ...webIssues(recordAt(plain, 'web')),
    ...checked.flatMap((stream) => (stream.ok ? [] : stream.issues)),
    ...exportIssues(recordAt(plain, 'exports'), { streams, sources }),
  ];
  if (!root.success || issues.length > 0) return { ok: false, issues };
  const { database, queue, web, log, downloads, accounts, exports } = root.data;
  return {
    ok: true,
    config: {
      database: { url: givenText(database.url) },
      queue: {
        url: givenText(queue.url),
        prefix: queue.prefix,
        requeueEveryMs: queue.requeueEvery,
        lockDurationMs: queue.lockDuration,
      },
      web: { ...web, password: givenText(web.password) },
      log,
      downloads: {
        allowedHosts: downloads.allowedHosts,
        archive: downloads.archive ?? null,
        fileBytesMax: downloads.fileMiB * MIB,
        limits: {
          unpackedBytesMax: downloads.unpackedMiB * MIB,
          ratioMax: downloads.ratio,
          recordBytesMax: downloads.recordKiB * 1024,
        },
      },
      accounts: new Map(Object.entries(accounts)),
      streams: checked.flatMap((stream) => (stream.ok ? [stream.stream] : [])),
      exports: Object.entries(exports).map(([name, settings]) => scheduledExport(name, settings)),
    },
  };
}

type CheckedStream =
  | { readonly ok: true; readonly stream: StreamConfig }
  | { readonly ok: false; readonly issues: readonly Issue[] };

interface Known {
  readonly sources: readonly Source[];
  readonly accounts: Readonly<Record<string, unknown>>;
}

function checkStream(name: string, value: unknown, known: Known): CheckedStream {
  const path = ['streams', name];
  const nameCheck = streamNameSchema.safeParse(name);
  const nameIssues: readonly Issue[] = nameCheck.success
    ? []
    : [
        {
          code: 'invalid_key',
          origin: 'record',
          path: [],
          issues: nameCheck.error.issues,
          message: 'not a name',
        },
      ];
  const common = streamCommonSchema.safeParse(value);
  if (!isRecord(value)) {
    return {
      ok: false,
      issues: issuesBelow(path, [...nameIssues, ...(common.error?.issues ?? [])]),
    };
  }
  const source = known.sources.find((candidate) => candidate.id === value['source']);
  // With a mistyped source the other keys are judged by the one that was meant.
  const meant = source ?? nearestSource(value['source'], known.sources);
  const settings = meant?.streamSchema.safeParse(withoutCommonKeys(value));
  const issues = [
    ...nameIssues,
    ...(common.error?.issues ?? []),
    ...(settings?.error?.issues ?? []),
    ...sourceIssues(value, source, known),
    ...accountIssues(value, source, known),
  ];
  if (issues.length > 0 || !common.success || source === undefined || settings?.success !== true) {
    return { ok: false, issues: issuesBelow(path, issues) };
  }
  const { account, schedule, track } = common.data;
  return {
    ok: true,
    stream: {
      name,
      source,
      account,
      schedule,
      settings: settings.data,
      track: { pollMinMs: track.pollMin, pollMaxMs: track.pollMax, deadlineMs: track.deadline },
    },
  };
}

function nearestSource(id: unknown, sources: readonly Source[]): Source | undefined {
  if (typeof id !== 'string') return undefined;
  const near = nearestOf(
    id,
    sources.map((source) => source.id),
  );
  return sources.find((source) => source.id === near);
}

function sourceIssues(
  stream: Readonly<Record<string, unknown>>,
  source: Source | undefined,
  { sources }: Known,
): readonly Issue[] {
  if (source !== undefined || typeof stream['source'] !== 'string') return [];
  const values = sources.map((candidate) => candidate.id);
  return [{ code: 'invalid_value', path: ['source'], values, message: 'unknown source' }];
}

function accountIssues(
  stream: Readonly<Record<string, unknown>>,
  source: Source | undefined,
  { accounts, sources }: Known,
): readonly Issue[] {
  const name = stream['account'];
  if (typeof name !== 'string') return [];
  if (!Object.hasOwn(accounts, name)) {
    const values = Object.keys(accounts);
    return values.length === 0
      ? [issueAt(['account'], 'names an account, but accounts holds none')]
      : [{ code: 'invalid_value', path: ['account'], values, message: 'unknown account' }];
  }
  const provider = recordAt(accounts, name)['provider'];
  // An unknown provider is told at the account, once.
  const isOther =
    sources.some((other) => other.provider === provider) && provider !== source?.provider;
  if (source === undefined || !isOther) return [];
  return [issueAt(['account'], `must be an account with provider ${source.provider}`)];
}

function webIssues(web: Readonly<Record<string, unknown>>): readonly Issue[] {
  const { host, password } = web;
  if (typeof host !== 'string' || isLoopbackHost(host)) return [];
  if (password !== undefined && password !== '') return [];
  return [
    issueAt(
      ['web', 'password'],
      'a password is required when web.host is not a loopback address; set it from the environment, or use host 127.0.0.1',
    ),
  ];
}

function withoutCommonKeys(
  stream: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const common = Object.keys(streamCommonSchema.shape);
  return Object.fromEntries(Object.entries(stream).filter(([key]) => !common.includes(key)));
}

function recordAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const inner = isRecord(value) ? value[key] : undefined;
  return isRecord(inner) ? inner : {};
}

function givenText(text: string | undefined): string | null {
  return text === undefined || text === '' ? null : text;
}
