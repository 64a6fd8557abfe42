import { hash32, pickOf } from '../random.ts';
import type { JobSpec } from './downloadJob.ts';

/** The logstores that made-up jobs read from. */
export const PLAUSIBLE_LOGSTORES = [
  'app_log',
  'nginx_access',
  'payment_audit',
  'game_events',
  'k8s_audit',
] as const;

interface Export {
  readonly title: string;
  readonly description: string;
  readonly query: string;
}

const EXPORTS: readonly [Export, ...Export[]] = [
  {
    title: 'checkout errors',
    description: 'Errors of the checkout service for the weekly incident review',
    query: 'level: ERROR and service: checkout | select __time__, trace_id, message limit 100000',
  },
  {
    title: 'slow requests',
    description: 'Requests above two seconds, by path',
    query:
      '* | select path, count(*) as n, approx_percentile(request_time, 0.99) as p99 group by path order by n desc',
  },
  {
    title: 'refunds',
    description: 'Refunds of the month for finance',
    query: "event: refund | select order_id, amount, currency, operator where status = 'done'",
  },
  {
    title: 'login attempts',
    description: 'Failed log-ins for the security team',
    query:
      'action: login and result: failed | select user_id, client_ip, count(1) as attempts group by user_id, client_ip',
  },
  {
    title: 'match results',
    description: '对局结果 (season 12), raw rows for the data team',
    query: '* and event: match_end',
  },
  {
    title: 'denied api calls',
    description: 'Kubernetes API calls answered with 403',
    query:
      'responseStatus.code: 403 | select user, verb, resource, count(*) as n group by user, verb, resource',
  },
];

/** A job as people make them in the console. `ordinal` makes the name unique within the seed. */
export function plausibleJob(seed: string, ordinal: number): JobSpec {
  const key = [seed, 'plausible', ordinal];
  const { title, description, query } = pickOf(key, EXPORTS);
  const id = hash32(key).toString(36).padStart(7, '0');
  return {
    name: `download-${id}-${ordinal}`,
    displayName: `${title} #${ordinal}`,
    description,
    query,
    logstore: pickOf([...key, 'logstore'], PLAUSIBLE_LOGSTORES),
    powerSql: pickOf([...key, 'power'], [true, false, false]),
    allowInComplete: pickOf([...key, 'partial'], [true, false]),
    target: {
      contentType: pickOf([...key, 'content'], ['csv', 'json']),
      compressionType: pickOf([...key, 'compression'], ['none', 'gzip', 'lz4', 'zstd']),
    },
  };
}
