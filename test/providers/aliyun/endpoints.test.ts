import { describe, expect, it } from '@jest/globals';
import { endpointOf } from '../../../src/providers/aliyun/endpoints.ts';
import { isEndpointTemplate } from '../../../src/providers/endpointTemplate.ts';

const region = 'cn-hangzhou';

describe('endpointOf', () => {
  it.each([
    ['sls', 'big-game.cn-hangzhou.log.aliyuncs.com', 'big-game'],
    ['oos', 'oos.cn-hangzhou.aliyuncs.com', undefined],
    ['actiontrail', 'actiontrail.cn-hangzhou.aliyuncs.com', undefined],
  ] as const)('of %s is https and public when none is configured', (product, host, project) => {
    expect(endpointOf({ product, region, project })).toEqual({ origin: `https://${host}`, host });
  });

  it.each([
    ['http://127.0.0.1:8080', 'http://127.0.0.1:8080', 'big-game.127.0.0.1:8080'],
    ['https://sls.internal', 'https://sls.internal', 'big-game.sls.internal'],
    ['sls.internal:8443/', 'https://sls.internal:8443', 'big-game.sls.internal:8443'],
    ['http://[::1]:80', 'http://[::1]', 'big-game.[::1]'],
  ])(
    'without {project} is used as it is, the project a label of Host: %s',
    (template, origin, host) => {
      expect(endpointOf({ product: 'sls', region, project: 'big-game', template })).toEqual({
        origin,
        host,
      });
    },
  );

  it('with {project} and {region} has both filled in', () => {
    const template = 'http://{project}.{region}-intranet.log.aliyuncs.com';
    const host = 'big-game.cn-hangzhou-intranet.log.aliyuncs.com';
    expect(endpointOf({ product: 'sls', region, project: 'big-game', template })).toEqual({
      origin: `http://${host}`,
      host,
    });
  });

  it.each(['evil.example/', 'a.b', '', 'a b', 'a@b', '-a', 'x'.repeat(64)])(
    'refuses the project name %p, which would lead elsewhere',
    (project) => {
      expect(() => endpointOf({ product: 'sls', region, project })).toThrow('project name');
    },
  );

  it('refuses a request without project where the endpoint names one', () => {
    expect(() => endpointOf({ product: 'sls', region })).toThrow('{project}');
  });
});

describe('isEndpointTemplate', () => {
  it.each(['h', 'h:1', 'http://h:1', 'https://{project}.{region}.x', 'http://[::1]:8080'])(
    'accepts %s',
    (template) => {
      expect(isEndpointTemplate(template)).toBe(true);
    },
  );

  it.each([
    '',
    'ftp://h',
    'http://',
    'http://u:p@h',
    'http://h/path',
    'http://h?x=1',
    'h:99999',
    'a b',
  ])('refuses %p', (template) => {
    expect(isEndpointTemplate(template)).toBe(false);
  });
});
