import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleLambda } from '../../../lambda/bundle.ts';
import type { Accounts } from '../../../lambda/policy/account-facts.ts';
import { type Policy, parsePolicy } from '../../../lambda/policy/parse.ts';
import { ssh } from '../../worlds/lambda.ts';

let directory: string;
let built: { file: string; sha256: string };
let code: string;
let policy: Policy;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'portcullis-bundle-'));
  policy = parsePolicy(await readFile(new URL('../../../lambda/policy.yaml', import.meta.url), 'utf8'));
  built = await bundleLambda(policy, join(directory, 'one'));
  code = await readFile(built.file, 'utf8');
});
afterAll(() => rm(directory, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

async function load(file: string): Promise<(event: unknown) => Promise<unknown>> {
  const { handler } = await import(/* @vite-ignore */ pathToFileURL(file).href);
  return handler;
}

/** What the first line of a bundle defines, as JavaScript reads it. */
function embedded(text: string): unknown {
  const [first = ''] = text.split('\n', 1);
  const both = '({ policy: PORTCULLIS_POLICY, accounts: PORTCULLIS_ACCOUNTS })';
  return JSON.parse(runInNewContext(`${first}JSON.stringify${both}`));
}

describe('the bundle', () => {
  it('is the same bytes in every folder', async () => {
    const again = await bundleLambda(structuredClone(policy), join(directory, 'elsewhere', 'deeper'));
    expect(again.sha256).toBe(built.sha256);
    expect(await readFile(again.file, 'utf8')).toBe(code);
  });

  it('changes with the policy', async () => {
    const other = await bundleLambda({ ...policy, mode: 'notify' }, join(directory, 'other'));
    expect(other.sha256).not.toBe(built.sha256);
  });

  it('changes with the facts of the accounts, and not with their order', async () => {
    const [one, two] = [
      { organizationalUnits: ['b', 'a'], tags: { y: '1', x: '2' } },
      { organizationalUnits: [], tags: {} },
    ];
    const turned = { organizationalUnits: ['a', 'b'], tags: { x: '2', y: '1' } };
    const bundleWith = (accounts: Accounts) => bundleLambda(policy, join(directory, 'accounts'), accounts);
    const { sha256 } = await bundleWith({ '300000000001': one, '300000000002': two });
    const reversed = await bundleWith({ '300000000002': two, '300000000001': turned });
    expect(sha256).not.toBe(built.sha256);
    expect(reversed.sha256).toBe(sha256);
    await expect(bundleWith({ 'not-an-id': two })).rejects.toThrow(/12 digits/);
  });

  it('has every text of the policy as it was given', async () => {
    const text = 'a "quote", a \\ and $& ` </script> \u2028\u2029 {"__proto__":{"mode":"revoke"}}';
    const given = { ...policy, rules: policy.rules.map((rule) => ({ ...rule, message: text })) };
    const { file } = await bundleLambda(given, join(directory, 'texts'));
    expect(embedded(await readFile(file, 'utf8'))).toEqual({ policy: given, accounts: {} });
  });

  it('sets no prototype by an account or tag named __proto__', async () => {
    const tags = JSON.parse('{"__proto__":"1","constructor":"2"}');
    const { file } = await bundleLambda(policy, join(directory, 'prototype'), {
      '300000000001': { organizationalUnits: [], tags },
    });
    expect(await readFile(file, 'utf8')).toContain('"tags":{"constructor":"2"}');
    const wrong = JSON.parse('{"__proto__":{"organizationalUnits":[],"tags":{}}}');
    const { sha256 } = await bundleLambda(policy, join(directory, 'account'), wrong);
    expect(sha256).toBe(built.sha256);
    const replaced = {
      ...policy,
      rules: [JSON.parse('{"__proto__":{"mode":"revoke"},"name":"a","match":{}}')],
    };
    await expect(bundleLambda(replaced, join(directory, 'rule'))).rejects.toThrow(/__proto__/);
  });

  it('names no path of the machine and stays under 700 kB', () => {
    expect(code).not.toContain(process.cwd());
    expect(code).not.toMatch(/node_modules|\/home\/|\/root\//);
    expect(code.length).toBeLessThan(700_000);
  });

  it('follows a source that changes while the process runs', async () => {
    const copy = join(directory, 'copy');
    const repository = fileURLToPath(new URL('../../..', import.meta.url));
    await cp(join(repository, 'lambda'), join(copy, 'lambda'), { recursive: true });
    for (const name of ['package.json', 'package-lock.json'])
      await cp(join(repository, name), join(copy, name));
    await symlink(join(repository, 'node_modules'), join(copy, 'node_modules'));
    const { bundleLambda: bundleCopy } = await import(pathToFileURL(join(copy, 'lambda/bundle.ts')).href);
    const [before, same] = [await bundleCopy(policy, copy), await bundleCopy(policy, copy)];
    expect(before.sha256).toBe(built.sha256);
    expect(same.sha256).toBe(before.sha256);
    const changed = join(copy, 'lambda/batch.ts');
    await writeFile(changed, `${await readFile(changed, 'utf8')}\nconsole.info('changed');\n`);
    await bundleCopy(policy, copy);
    expect(await readFile(join(copy, 'index.mjs'), 'utf8')).toContain('"changed"');
  });

  it('is never written for a policy outside the grammar', async () => {
    const wrong = { ...policy, version: 2 } as unknown as Policy;
    await expect(bundleLambda(wrong, join(directory, 'wrong'))).rejects.toThrow(/version: 1/);
    await expect(readFile(join(directory, 'wrong', 'index.mjs'))).rejects.toThrow(/ENOENT/);
  });

  it('names the missing settings in one sentence', async () => {
    vi.stubEnv('PORTCULLIS_BUS_ARN', '');
    vi.stubEnv('PORTCULLIS_REMEDIATION_ROLE', undefined);
    const handler = await load(built.file);
    const message =
      /^the environment of the remediation Lambda is wrong: PORTCULLIS_BUS_ARN is not the ARN.*; PORTCULLIS_REMEDIATION_ROLE is not set; PORTCULLIS_TABLE is not set$/;
    await expect(handler(ssh)).rejects.toThrow(message);
    await expect(handler(ssh)).rejects.toThrow(message);
  });

  it('whose policy cannot be read at load fails every invocation', async () => {
    const file = join(directory, 'broken.mjs');
    const head = '={"version":1,"mode":"observe","rules":';
    expect(code.split(head).length).toBe(2);
    await writeFile(file, code.replace(head, head.replace('1', '9')));
    const handler = await load(file);
    const message =
      /the policy in this bundle cannot be read, so nothing is revoked: version: write version: 1/;
    await expect(handler(ssh)).rejects.toThrow(message);
    await expect(handler(ssh)).rejects.toThrow(message);
  });

  it('reaches AWS by the SDK, with the credentials of its environment', async () => {
    vi.stubEnv('PORTCULLIS_BUS_ARN', 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis');
    vi.stubEnv('PORTCULLIS_REMEDIATION_ROLE', 'portcullis-remediation');
    vi.stubEnv('PORTCULLIS_TABLE', 'portcullis');
    vi.stubEnv('AWS_ENDPOINT_URL', 'http://127.0.0.1:9');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'key');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    const file = join(directory, 'reach.mjs');
    await writeFile(file, code);
    const handler = await load(file);
    await expect(handler(ssh)).rejects.toThrow(/^to be retried: .*ECONNREFUSED/);
  });
});
