import { readdirSync, readFileSync } from 'node:fs';
import type { EC2Client } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parsePolicy } from '../../../lambda/policy/parse.ts';
import { modes } from '../../../lambda/policy/schema/policy.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { createHub } from './iam-hub.ts';
import { ec2Of, lambdaOf, makeMemberRole, permitLambdaRole } from './ways-in-lambda.ts';
import { type Decision, rows } from './ways-in-rows.ts';
import { listing, makeScene, type Scene } from './ways-in-scene.ts';

const text = readFileSync(new URL('../../fixtures/policies/world-open.yaml', import.meta.url), 'utf8');
/** So often that no case of this table is taken for a loop. */
const patient = 'escalation: { times: 1000, withinMinutes: 1 }\nexceptionTag: exempt\n';
const policy = parsePolicy(text + patient);

const reading = ['assumeRole', 'describeGroups', 'describeRules', 'describePrefixList', 'prefixListEntries'];
const calls: Record<Decision, readonly string[]> = {
  group: [...reading, 'putEvent'],
  default: ['assumeRole', 'describeGroups', 'describeRules', 'putEvent'],
  list: [...reading, 'prefixListAssociations', 'putEvent'],
  resolver: [...reading, 'prefixListAssociations', 'resolverTargets', 'putEvent'],
  region: [...reading, 'putEvent'],
  none: ['putEvent'],
  unforwarded: [],
  denied: ['assumeRole', 'putEvent'],
};

let sandbox: Sandbox;
let here: EC2Client;
let elsewhere: EC2Client;
let scene: Scene;

beforeAll(async () => {
  sandbox = await startSandbox();
  await createHub(sandbox);
  for (const id of ['300000000001', '300000000002']) await makeMemberRole(sandbox, id);
  here = ec2Of(sandbox, '300000000001', 'eu-west-1');
  elsewhere = ec2Of(sandbox, '300000000002', 'eu-west-1');
  scene = await makeScene(here);
  await (await makeScene(elsewhere)).restore();
  await permitLambdaRole(sandbox);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sandbox?.stop();
});

/** The groups whose forbidden rules go in mode revoke. */
function closed(decision: Decision): string[] {
  const { named, bystander, default: unnamed } = scene.groups;
  if (['group', 'list', 'resolver'].includes(decision)) return [named];
  if (decision === 'default') return [unnamed];
  return decision === 'region' ? [named, bystander, unnamed] : [];
}

describe('an event of the fixtures', () => {
  it('has a row each', () => {
    const files = readdirSync(new URL('../../fixtures/events/', import.meta.url));
    expect(files.map((file) => file.replace('.json', '')).sort()).toEqual(Object.keys(rows).sort());
  });

  const cases = Object.entries(rows).flatMap(([name, decision]) =>
    modes.map((mode) => [name, mode, decision] as const),
  );
  it.each(cases)('%s in mode %s: %s', async (name, mode, decision) => {
    await scene.restore();
    const gone = mode === 'revoke' ? await scene.offending(closed(decision)) : [];
    const made = new Set<string>();
    const event = await scene.event(name);
    const before = await listing(here);
    const others = await listing(elsewhere);
    const results = await lambdaOf(policy, mode, (call) => made.add(call))(event).catch(
      (error: Error) => error,
    );

    const kept = before.filter((rule) => !gone.some((id) => rule.includes(`"${id}"`)));
    expect(await listing(here)).toEqual(kept);
    expect(await listing(elsewhere)).toEqual(others);
    const revoking = gone.length > 0 ? ['revokeIngress'] : [];
    expect([...made].sort()).toEqual([...calls[decision], ...revoking].sort());
    if (decision === 'denied')
      expect(results).toMatchObject({ message: expect.stringMatching(/^access-denied/) });
    else expect(results).toHaveLength(decision === 'unforwarded' ? 0 : Math.max(1, closed(decision).length));
    if (mode === 'revoke') expect(await scene.offending(closed(decision))).toEqual([]);
  });
});
