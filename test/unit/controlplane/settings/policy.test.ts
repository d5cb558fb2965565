import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hubBundler } from '../../../../controlplane/reconcile/hub-bundle.ts';
import { withStoredExceptions } from '../../../../controlplane/reconcile/stored-exceptions.ts';
import { editorOf, openPolicyFile, readPolicyFile } from '../../../../controlplane/settings/policy.ts';
import type { StoredException } from '../../../../controlplane/store/exceptions.ts';
import { parsePolicy, policyDigest } from '../../../../lambda/policy/parse.ts';

let directory: string;
let policyFile: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-policy-'));
  policyFile = join(directory, 'policy.yaml');
});
afterAll(() => rm(directory, { recursive: true }));

const rule = (more = '') => `version: 1
rules:
  - name: ssh
    match: { ports: { any: [22] }, sources: { public: { ipv4WiderThan: 8, ipv6WiderThan: 16 } } }
    mode: revoke
${more}`;
const read = async (text: string, narrowing = false) => {
  await writeFile(policyFile, text);
  return readPolicyFile({ policyFile, narrowing });
};

describe('the policy file', () => {
  test('that is sound is read', async () => {
    expect((await read(rule())).rules).toMatchObject([{ name: 'ssh', mode: 'revoke' }]);
  });

  test.each([
    ['version: 1\nrules: [', 'line 2'],
    [rule('    colour: red\n'), 'line 6: rules[0].colour: unknown key'],
    [
      rule().replace('mode: revoke', 'mode: destroy'),
      'line 5: rules[0].mode: write observe, notify or revoke',
    ],
    ['', 'PORTCULLIS_POLICY'],
  ])('with a mistake is refused in one line that names file, line and field: %j', async (text, named) => {
    const refusal = await read(text).catch((error: Error) => error);
    expect(refusal).toMatchObject({ code: 'invalid-policy', message: expect.stringContaining(named) });
    expect((refusal as Error).message).toContain(policyFile);
    expect((refusal as Error).message).not.toContain('\n');
  });

  test('is read with the host and its owner, by id and name', async () => {
    await read(rule());
    const { text, source } = await openPolicyFile({ policyFile, narrowing: false });
    const { uid, username } = userInfo();
    expect(text).toBe(rule());
    expect(source).toEqual({ file: policyFile, host: hostname(), owner: { uid, user: username } });
    expect(editorOf(source)).toBe(`${username}@${hostname()}`);
    expect(editorOf({ ...source, owner: { uid: 4711, user: null } })).toBe(`4711@${hostname()}`);
  });

  test('that is not there is refused by name', async () => {
    await expect(
      readPolicyFile({ policyFile: join(directory, 'none.yaml'), narrowing: false }),
    ).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringContaining('none.yaml'),
    });
  });

  test('with a rule that narrows is refused while PORTCULLIS_NARROWING is off, and read while it is on', async () => {
    const narrowing = rule('    narrowTo: [203.0.113.0/24]\n');
    await expect(read(narrowing)).rejects.toMatchObject({
      code: 'invalid-policy',
      message: expect.stringMatching(/rule ssh has narrowTo.*PORTCULLIS_NARROWING/),
    });
    expect((await read(narrowing, true)).rules[0]?.narrowTo).toEqual(['203.0.113.0/24']);
  });
});

const now = new Date('2026-06-15T12:00:00Z');
const stored = (name: string, change: object = {}, endedAt: Date | null = null): StoredException => ({
  exception: {
    ...{ name, owner: 'web', why: 'a partner', ticket: 'SEC-1' },
    where: { include: [{ groupIds: ['sg-0a1b'] }] },
    allow: { sources: { cidrs: ['0.0.0.0/0'] }, protocols: ['tcp'], ports: { any: [22] } },
    permanent: true,
    ...change,
  },
  ...{ eventId: 'e', groupId: 'sg-0a1b', createdBy: 'ops', createdAt: now, endedAt, endedBy: null },
});
const expiring = (expires: string) => ({ permanent: undefined, expires });
const policy = parsePolicy(rule());
const merged = (...exceptions: StoredException[]) => withStoredExceptions(policy, exceptions, now);

describe('stored exceptions', () => {
  test('are merged into the policy by name, in any order', () => {
    const one = merged(stored('b'), stored('a'));
    expect(one.names).toEqual(['a', 'b']);
    expect(policyDigest(one.policy)).toBe(policyDigest(merged(stored('a'), stored('b')).policy));
    expect(one.policy.exceptions).toHaveLength(2);
  });

  test('leave the policy as it is where there are none', () => {
    expect(policyDigest(merged().policy)).toBe(policyDigest(policy));
  });

  test.each([
    ['has ended', stored('a', {}, now), []],
    ['expires in a second', stored('a', expiring('2026-06-15T12:00:01Z')), ['a']],
    ['expired less than a day ago', stored('a', expiring('2026-06-14T12:00:01Z')), ['a']],
    ['expired a day ago', stored('a', expiring('2026-06-14T12:00:00Z')), []],
    ['expired a day ago in another zone', stored('a', expiring('2026-06-14T14:00:00+02:00')), []],
  ])('one that %s', (_, exception, names) => {
    expect(merged(exception).names).toEqual(names);
  });

  test('one is in the bundle for as long as the database, not this process, says that it has not expired', async () => {
    await writeFile(policyFile, rule());
    const accounts = { list: async () => [] };
    const exceptions = { standing: async () => [stored('a', expiring('2020-01-02T00:00:00Z'))] };
    const at = (time: string) => ({ accounts, exceptions, now: async () => new Date(time) });
    const namesAt = async (time: string) => {
      const settings = { policyFile, narrowing: false };
      const policyOf = () => readPolicyFile(settings);
      const inForce = { look: policyOf, settle: policyOf };
      const parts = { policy: inForce, aws: {}, store: at(time), directory } as never;
      return (await hubBundler(parts)([])).exceptions;
    };
    expect(await namesAt('2020-01-01T00:00:00Z')).toEqual(['a']);
    expect(await namesAt('2020-01-03T00:00:00Z')).toEqual([]);
  });

  test('one with the name of one in the file is refused, naming it', () => {
    const file = { ...policy, exceptions: [stored('twice').exception] };
    expect(() => withStoredExceptions(file, [stored('twice')], now)).toThrow(/twice.*another/);
  });

  test('one that does not fit the grammar keeps the policy from being made', () => {
    expect(() => merged(stored('a', { allow: { sources: {} } }))).toThrow(
      /stored exceptions.*exceptions\.0\.allow/,
    );
  });
});
