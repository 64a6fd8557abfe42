import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { parseConfig } from '../../src/config/parseConfig.ts';
import type { Config } from '../../src/config/config.ts';
import { parseDuration } from '../../src/domain/duration.ts';
import { sources } from '../../src/sources/registry.ts';
import type { ComposeService } from './deploymentKit.ts';
import { readCompose, root, textOf } from './deploymentKit.ts';

const { services, volumes } = readCompose();
const deployed = textOf('deploy/logferry.yaml');
const own = ['migrate', 'scheduler', 'worker', 'web'] as const;
const REFERENCE = /\$\{([A-Z_]+)([^}]*)\}/g;

function serviceOf(name: string): ComposeService {
  const service = services[name];
  if (service === undefined) throw new Error(`no service ${name}`);
  return service;
}

/** The environment of a service, with variables of the shell replaced as `values` say. */
function environmentOf(name: string, values: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(serviceOf(name).environment ?? {}).map(([key, text]) => [
      key,
      text.replaceAll(
        REFERENCE,
        (_match, variable: string, rest: string) => values[variable] ?? rest.replace(/^:-/, ''),
      ),
    ]),
  );
}

const shell = {
  POSTGRES_PASSWORD: 'abc123',
  LOGFERRY_SLS_PROJECT: 'big-game',
  LOGFERRY_WEB_PASSWORD: 'def456',
  ALIBABA_CLOUD_ACCESS_KEY_ID: 'id',
  ALIBABA_CLOUD_ACCESS_KEY_SECRET: 'secret',
};

function configOf(name: string): Config {
  return parseConfig({
    text: deployed,
    file: 'deploy/logferry.yaml',
    env: environmentOf(name, shell),
    sources,
  });
}

describe('docker-compose.yml', () => {
  it('runs the database, the queue, the migration and the three roles', () => {
    expect(Object.keys(services).toSorted()).toEqual(['postgres', 'redis', ...own].toSorted());
  });

  it('names every image with a version', () => {
    const { version } = JSON.parse(textOf('package.json')) as { version: string };
    for (const { image } of Object.values(services)) {
      expect(image).toMatch(/^(postgres:17|redis:7|logferry:\d)/);
    }
    expect(own.map((name) => serviceOf(name).image)).toEqual(own.map(() => `logferry:${version}`));
  });

  it.each(own)('gives %s a configuration that parses from its environment alone', (name) => {
    const config = configOf(name);
    expect(config.database.url).toBe('postgresql://logferry:abc123@postgres:5432/logferry');
    expect(config.queue.url).toBe('redis://redis:6379');
    expect(config.streams).toMatchObject([{ settings: { project: 'big-game' } }]);
  });

  it('opens the web port in the web service only, with a password', () => {
    expect(own.map((name) => [name, configOf(name).web.host, configOf(name).web.password])).toEqual(
      [
        ['migrate', '127.0.0.1', null],
        ['scheduler', '127.0.0.1', null],
        ['worker', '127.0.0.1', null],
        ['web', '0.0.0.0', 'def456'],
      ],
    );
    expect(own.filter((name) => serviceOf(name).ports !== undefined)).toEqual(['web']);
    expect(serviceOf('web').ports?.[0]).toMatch(/^127\.0\.0\.1:.*:8080$/);
  });

  it('publishes neither the database nor the queue', () => {
    expect([serviceOf('postgres').ports, serviceOf('redis').ports]).toEqual([undefined, undefined]);
  });

  it('gives cloud credentials to the worker only', () => {
    const holders = own.filter((name) =>
      Object.keys(serviceOf(name).environment ?? {}).some((key) =>
        key.startsWith('ALIBABA_CLOUD_'),
      ),
    );
    expect(holders).toEqual(['worker']);
  });

  it('sets no variable that the configuration does not read', () => {
    const read = new Set([...deployed.matchAll(REFERENCE)].map((match) => match[1]));
    const set = own.flatMap((name) => Object.keys(serviceOf(name).environment ?? {}));
    const unread = set.filter(
      (key) => !read.has(key) && !key.startsWith('ALIBABA_CLOUD_ACCESS_KEY_') && key !== 'TMPDIR',
    );
    expect(unread).toEqual([]);
  });

  it('gives the worker a disk for files in transit, which /tmp is not, that its user may write', () => {
    const { environment = {}, volumes: mounts = [] } = serviceOf('worker');
    const folder = environment['TMPDIR'] ?? '';
    expect(mounts).toContain(`files:${folder}`);
    expect(textOf('Dockerfile')).toContain(`--owner=node --group=node ${folder}\n`);
  });

  it('takes every secret from the environment, or stops with a message', () => {
    const secrets = Object.values(services)
      .flatMap((service) => Object.entries(service.environment ?? {}))
      .filter(([key]) => /PASSWORD|SECRET|KEY_ID|DATABASE_URL/.test(key));
    expect(secrets.length).toBeGreaterThanOrEqual(5);
    for (const [key, text] of secrets) {
      expect({ key, text }).toEqual({ key, text: expect.stringMatching(/\$\{[A-Z_]+:\?set /) });
    }
  });

  it('runs each role with its flag, the migration once, and all three together make the daemon', () => {
    const commands = own.map((name) => (serviceOf(name).command ?? []).slice(2).join(' '));
    expect(commands).toEqual([
      'migrate',
      'start --roles scheduler',
      'start --roles worker',
      'start --roles web',
    ]);
    for (const name of own) {
      expect(serviceOf(name).command?.slice(0, 2)).toEqual(['node', 'dist/src/cli/main.js']);
    }
    expect(serviceOf('migrate').restart).toBe('no');
  });

  it('starts a role only when the services are healthy and the migration is done', () => {
    for (const name of ['scheduler', 'worker', 'web']) {
      expect(serviceOf(name).depends_on).toEqual({
        postgres: { condition: 'service_healthy' },
        redis: { condition: 'service_healthy' },
        migrate: { condition: 'service_completed_successfully' },
      });
    }
    expect(serviceOf('postgres').healthcheck?.test?.join(' ')).toContain('pg_isready');
    expect(serviceOf('redis').healthcheck?.test).toEqual(['CMD', 'redis-cli', 'ping']);
  });

  it('keeps the queue from losing keys under memory pressure or a restart', () => {
    const command = (serviceOf('redis').command ?? []).join(' ');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--appendonly yes');
  });

  it('keeps the data of both in volumes', () => {
    expect(Object.keys(volumes)).toEqual(['postgres', 'redis', 'files']);
    expect(serviceOf('postgres').volumes).toEqual(['postgres:/var/lib/postgresql/data']);
    expect(serviceOf('redis').volumes).toEqual(['redis:/data']);
  });

  it.each(own)('lets %s end its work before it is killed, and write nowhere', (name) => {
    const service = serviceOf(name);
    expect(parseDuration(service.stop_grace_period ?? '')).toBeGreaterThan(20_000);
    expect([service.read_only, service.cap_drop]).toEqual([true, ['ALL']]);
  });

  it.each(own)('mounts a configuration that is there into %s, read-only', (name) => {
    const [mount = ''] = serviceOf(name).volumes ?? [];
    const [source = '', target, mode] = mount.split(':');
    expect([target, mode]).toEqual(['/app/logferry.yaml', 'ro']);
    expect(existsSync(join(root, source))).toBe(true);
  });

  it('keeps the health check of the image where there is a port to ask', () => {
    expect(own.map((name) => [name, serviceOf(name).healthcheck?.disable ?? false])).toEqual([
      ['migrate', true],
      ['scheduler', true],
      ['worker', true],
      ['web', false],
    ]);
  });
});
