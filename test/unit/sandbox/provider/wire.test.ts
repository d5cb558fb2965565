import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { strFromU8, unzipSync } from 'fflate';
import structpb from 'google-protobuf/google/protobuf/struct_pb.js';
import { expect, test } from 'vitest';
import { readConfiguration } from '../../../../sandbox/provider/protocol/configuration.ts';
import { UNKNOWN } from '../../../../sandbox/provider/protocol/field.ts';
import { fromStruct, toStruct } from '../../../../sandbox/provider/protocol/struct.ts';
import { zipOf } from '../../../../sandbox/provider/resources/archive.ts';

const SIGNATURE = '4dabf18193072939515e22adb298388d';
const SECRET = '1b47061264138c4ac30d75fd1eb44270';
const ARCHIVE = '0def7320c3a5731c473e5ecbe6d01bc7';

test('properties survive the wire with their markers, and absent ones are left out', () => {
  const code = { [SIGNATURE]: ARCHIVE, hash: 'h', path: '/p' };
  const there = { name: 'a', arn: UNKNOWN, list: ['x', { y: 1 }], code };
  expect(fromStruct(toStruct({ ...there, absent: undefined, nothing: null }))).toEqual(there);
});

test('an unexpected secret is refused and not stored in the clear', () => {
  const marked = { environment: { A: { [SIGNATURE]: SECRET, value: 's' } } };
  expect(() => fromStruct(structpb.Struct.fromJavaScript(marked))).toThrow(
    '"environment.A" arrived as a secret',
  );
});

test('equal contents in any order give equal archives', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'provider-'));
  writeFileSync(join(directory, 'b.txt'), 'two');
  const one = await zipOf({ assets: { 'a.txt': { text: 'one' }, b: { path: directory } } });
  const two = await zipOf({
    assets: { b: { assets: { 'b.txt': { text: 'two' } } }, 'a.txt': { text: 'one' } },
  });
  expect(Buffer.from(one).equals(Buffer.from(two))).toBe(true);
  rmSync(directory, { recursive: true });
  const files = Object.entries(unzipSync(one)).map(([name, bytes]) => [name, strFromU8(bytes)]);
  expect(Object.fromEntries(files)).toEqual({ 'a.txt': 'one', 'b/b.txt': 'two' });
});

test('an archive from an address is refused', async () => {
  await expect(zipOf({ uri: 'https://example.com/a.zip' })).rejects.toThrow('only local archives');
});

test('nested configuration is read from JSON text, secrets in it too', () => {
  const roleArn = 'arn:aws:iam::111111111111:role/r';
  const externalId = { [SIGNATURE]: SECRET, value: 'x' };
  const { configuration, failures } = readConfiguration({
    region: 'eu-west-1',
    assumeRoles: JSON.stringify([{ roleArn, externalId }]),
    allowedAccountIds: '["011111111111"]',
    defaultTags: '{"tags":{"a":"b"}}',
    skipCredentialsValidation: 'true',
    skipRegionValidation: 'true',
    retryMode: 'standard',
    maxRetries: '10',
  });
  expect(failures).toEqual([]);
  expect(configuration).toEqual({
    region: 'eu-west-1',
    assumeRoles: [{ roleArn, externalId: 'x' }],
    allowedAccountIds: ['011111111111'],
    forbiddenAccountIds: [],
    defaultTags: { a: 'b' },
    skipCredentialsValidation: true,
    retryMode: 'standard',
    maxRetries: 10,
  });
});

test('configuration that is missing, wrong or not supported is refused by name', () => {
  const { failures } = readConfiguration({
    profile: 'p',
    assumeRoles: '[{"role":"x"}]',
    defaultTags: '[]',
    retryMode: 'often',
  });
  expect(failures.map(({ property }) => property).sort()).toEqual([
    'assumeRoles',
    'defaultTags',
    'profile',
    'region',
    'retryMode',
  ]);
  expect(failures.find(({ property }) => property === 'profile')?.reason).toContain('from the environment');
});
