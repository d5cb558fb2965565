import { readFile } from 'node:fs/promises';
import { DetachRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { SweepView } from '../../../../controlplane/cli/client/http.ts';
import type { RemediationRecord } from '../../../../controlplane/store/remediations.ts';
import { type OpenedGroup, openToTheWorld, until } from '../../../../sandbox/demo/security-group.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { allBut, startTestWorld } from '../../../worlds/control-plane.ts';
import {
  accessRole,
  type Document,
  deployerPolicy,
  hub,
  verifyPolicy,
} from '../../../worlds/least-privilege.ts';
import { untrailed } from '../verify/stage.ts';

const sweepPolicy: Document = JSON.parse(
  await readFile(new URL('../../../../docs/sweep-action-policy.json', import.meta.url), 'utf8'),
);
/** In no scope and without a stack. */
const outside = { accountId: '300000000002', region: untrailed.region };
const sid = 'HubHandGroupsToTheFunction';

let world: World;
let inScope: OpenedGroup;
let outOfScope: OpenedGroup;

/** From now on the access role of the hub may do what the documents say, less one statement, and no more. */
async function permit(lacking?: string): Promise<void> {
  const iam = new IAMClient(world.sandbox.root(hub.accountId));
  const documents = [deployerPolicy, verifyPolicy, sweepPolicy];
  for (const [index, document] of documents.entries()) {
    const Statement = document.Statement.filter(({ Sid }) => Sid !== lacking);
    const PolicyDocument = JSON.stringify({ ...document, Statement });
    const PolicyName = `documented-${index}`;
    await iam.send(new PutRolePolicyCommand({ RoleName: accessRole, PolicyName, PolicyDocument }));
  }
}

beforeAll(async () => {
  world = await startTestWorld({
    PORTCULLIS_POLICY: 'test/fixtures/policies/sweep-remediates.yaml',
    PORTCULLIS_REGIONS: untrailed.region,
    PORTCULLIS_EXCLUDE: allBut(untrailed.accountId),
  });
  const scope = ['--account', hub.accountId, '--account', untrailed.accountId, '--region', untrailed.region];
  const { exit, output } = await world.controlPlane.cli(['reconcile', ...scope]);
  if (exit !== 0) throw new Error(`reconcile ended with exit code ${exit}:\n${output}`);
  await permit(sid);
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  const iam = new IAMClient(world.sandbox.root(hub.accountId));
  await iam.send(new DetachRolePolicyCommand({ RoleName: accessRole, PolicyArn }));
  // No trail covers the one, and nothing is wired in the other: no event announces these.
  inScope = await openToTheWorld(world.sandbox, { ...untrailed, port: 22 });
  outOfScope = await openToTheWorld(world.sandbox, { ...outside, port: 22 });
}, 400_000);
afterAll(() => world?.stop());

const remediations = async (account: string) =>
  (await world.controlPlane.get<{ remediations: RemediationRecord[] }>(`/v1/remediations?account=${account}`))
    .remediations;

describe('a sweep under a policy with sweepAction: remediate', () => {
  let sweepId = '';

  test('finds what no event announced, in scope and out of it, and exits with 3', async () => {
    const { exit, output } = await world.controlPlane.cli([
      ...['sweep', '--account', untrailed.accountId, '--account', outside.accountId],
      ...['--region', untrailed.region, '--json'],
    ]);
    expect(exit, output).toBe(3);
    const sweep = JSON.parse(output) as SweepView;
    sweepId = sweep.id;
    expect(sweep).toMatchObject({ state: 'done', counts: { accounts: 2, cells: 2, done: 2, notChecked: 0 } });
    expect(sweep.counts.findings).toBeGreaterThanOrEqual(2);
  });

  test('hands no group to the Lambda where the access role of the hub may not invoke it', async () => {
    const refused = await until('the hand-over is refused', 60, async () =>
      world.controlPlane
        .log()
        .split('\n')
        .find((line) => line.includes('not handed to the Lambda') && line.includes(inScope.groupId)),
    );
    expect(refused).toMatch(/not authorized to perform: lambda:InvokeFunction/);
    expect(await remediations(untrailed.accountId)).toEqual([]);
    expect(await inScope.ruleIds()).toEqual([inScope.ruleId]);
  });

  test('has the Lambda revoke the group once it may, with a record of the sweep', async () => {
    await permit();
    const record = await until('the group is remediated', 180, async () =>
      (await remediations(untrailed.accountId)).find(({ groupId }) => groupId === inScope.groupId),
    );
    expect(record).toMatchObject({
      ...{ eventId: `${sweepId}.${inScope.groupId}`, outcome: 'remediated' },
      result: { findings: [{ ruleId: inScope.ruleId, action: 'revoked' }] },
    });
    expect(await inScope.ruleIds()).toEqual([]);
  });

  test('reports where the Lambda cannot enter the account, and leaves the group as it is', async () => {
    const record = await until('the Lambda answers', 180, async () =>
      (await remediations(outside.accountId)).find(({ groupId }) => groupId === outOfScope.groupId),
    );
    expect(record.outcome).toBe('access-denied');
    expect(await outOfScope.ruleIds()).toEqual([outOfScope.ruleId]);
  });
});
