import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { classOfAddress } from '../../src/http/addressClass.ts';

describe('classOfAddress', () => {
  it.each([
    '8.8.8.8',
    '47.110.23.101',
    '172.15.0.1',
    '172.32.0.1',
    '100.63.255.255',
    '100.128.0.1',
  ])('takes %s for public', (address) => {
    expect(classOfAddress(address)).toBe('public');
  });

  it.each(['2400:3200::1', '[2a00:1450:4001:800::200e]', '::ffff:8.8.8.8', '64:ff9b::808:808'])(
    'takes %s for public',
    (address) => {
      expect(classOfAddress(address)).toBe('public');
    },
  );

  it.each([
    ...['0.0.0.0', '10.0.0.1', '100.64.0.1', '100.115.0.1', '127.0.0.1', '127.255.255.254'],
    ...['172.16.0.1', '172.31.255.255', '192.0.0.1', '192.0.2.1', '192.88.99.1', '192.168.1.1'],
    ...['198.18.0.1', '198.51.100.1', '203.0.113.1', '224.0.0.1', '240.0.0.1', '255.255.255.255'],
    ...['::', '::1', '[::1]', 'fc00::1', 'fd12:3456::1', 'ff02::1', 'fec0::1', '100::1'],
    ...['2001:db8::1', '2002:a00:1::', '2002:808:808::', '2001:0:1::1', '3fff::1', '5f00::1'],
    ...[
      '::ffff:10.0.0.1',
      '::ffff:7f00:1',
      '64:ff9b::a00:1',
      '64:ff9b:1::808:808',
      '::10.0.0.1',
      '::a00:1',
    ],
    ...['::ffff:0:8.8.8.8', '4000::1', 'no address', ''],
  ])('takes %j for private', (address) => {
    expect(classOfAddress(address)).toBe('private');
  });

  it.each([
    ...['100.100.100.200', '169.254.169.254', '169.254.0.1', '::ffff:169.254.169.254'],
    ...['::ffff:100.100.100.200', '64:ff9b::a9fe:a9fe', 'fe80::1', 'fe80::1%eth0', 'fd00:ec2::254'],
    ...['[fd00:0ec2:0:0:0:0:0:254]', 'febf::1'],
  ])('takes %s for one that hands out credentials', (address) => {
    expect(classOfAddress(address)).toBe('metadata');
  });

  it('judges an IPv4 address inside IPv6 as the one it is', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(classOfAddress(`::ffff:${address}`)).toBe(classOfAddress(address));
        expect(classOfAddress(`64:ff9b::${address}`)).toBe(classOfAddress(address));
      }),
    );
  });
});
