import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { bundleLambda } from '../../../lambda/bundle.ts';
import { type Policy, parsePolicy } from '../../../lambda/policy/parse.ts';
import { fixture } from '../../worlds/lambda.ts';

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

describe('the bundle', () => {
  it('is the same bytes wherever it is built', async () => {
    const again = await bundleLambda(structuredClone(policy), join(directory, 'elsewhere', 'deeper'));
    expect(again.sha256).toBe(built.sha256);
    expect(await readFile(again.file, 'utf8')).toBe(code);
  });

  it('changes with the policy', async () => {
    const other = await bundleLambda({ ...policy, mode: 'notify' }, join(directory, 'other'));
    expect(other.sha256).not.toBe(built.sha256);
  });

  it('changes with what is known of the accounts, and not with the order they are given in', async () => {
    const [one, two] = [
      { organizationalUnits: ['b', 'a'], tags: { y: '1', x: '2' } },
      { organizationalUnits: [], tags: {} },
    ];
    const turned = { organizationalUnits: ['a', 'b'], tags: { x: '2', y: '1' } };
    const forth = await bundleLambda(policy, join(directory, 'forth'), {
      '300000000001': one,
      '300000000002': two,
    });
    const back = await bundleLambda(policy, join(directory, 'back'), {
      '300000000002': two,
      '300000000001': turned,
    });
    expect(forth.sha256).not.toBe(built.sha256);
    expect(back.sha256).toBe(forth.sha256);
    await expect(bundleLambda(policy, join(directory, 'no'), { 'not-an-id': two })).rejects.toThrow(
      /12 digits/,
    );
  });

  it('names no path of the machine and stays under 700 kB', () => {
    expect(code).not.toContain(process.cwd());
    expect(code).not.toMatch(/node_modules|\/home\/|\/root\//);
    expect(code.length).toBeLessThan(700_000);
  });

  it('is never written for a policy outside the grammar', async () => {
    const wrong = { ...policy, version: 2 } as unknown as Policy;
    await expect(bundleLambda(wrong, join(directory, 'wrong'))).rejects.toThrow(/version: 1/);
    await expect(readFile(join(directory, 'wrong', 'index.mjs'))).rejects.toThrow(/ENOENT/);
  });

  it('runs, and says in one sentence which settings are missing', async () => {
    vi.stubEnv('PORTCULLIS_BUS_ARN', '');
    vi.stubEnv('PORTCULLIS_REMEDIATION_ROLE', undefined);
    const handler = await load(built.file);
    const message =
      /^the environment of the remediation Lambda is wrong: PORTCULLIS_BUS_ARN is not the ARN.*; PORTCULLIS_REMEDIATION_ROLE is not set; PORTCULLIS_TABLE is not set$/;
    await expect(handler(fixture('authorize-nested'))).rejects.toThrow(message);
    await expect(handler(fixture('authorize-nested'))).rejects.toThrow(message);
  });

  it('whose policy cannot be read at load fails every invocation', async () => {
    const file = join(directory, 'broken.mjs');
    expect(code.split('={"version":1,"mode":"observe","rules":').length).toBe(2);
    await writeFile(
      file,
      code.replace('={"version":1,"mode":"observe","rules":', '={"version":9,"mode":"observe","rules":'),
    );
    const handler = await load(file);
    const message =
      /the policy in this bundle cannot be read, so nothing is revoked: version: write version: 1/;
    await expect(handler(fixture('authorize-nested'))).rejects.toThrow(message);
    await expect(handler(fixture('authorize-nested'))).rejects.toThrow(message);
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
    await expect(handler(fixture('authorize-nested'))).rejects.toThrow(/^to be retried: .*ECONNREFUSED/);
  });
});
