import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  DeleteRolePolicyCommand,
  GetRolePolicyCommand,
  IAMClient,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { VerificationView } from '../../../../controlplane/cli/client/http.ts';
import { names } from '../../../../programs/names.ts';
import { type ControlPlane, startControlPlane } from '../../../../sandbox/demo/control-plane.ts';
import { until } from '../../../../sandbox/demo/security-group.ts';
import type { World } from '../../../../sandbox/demo/world.ts';
import { member } from '../../../worlds/least-privilege.ts';
import { canaryGroups, cellsOf, verifiedWorld } from './stage.ts';

let world: World;
let controlPlane: ControlPlane;
beforeAll(async () => {
  world = await verifiedWorld();
  controlPlane = world.controlPlane;
}, 300_000);
afterAll(async () => {
  if (controlPlane !== world?.controlPlane) await controlPlane?.stop();
  await world?.stop();
});

test('a verification whose control plane is killed is carried to its end by the next, and leaves no group', {
  timeout: 400_000,
}, async () => {
  const iam = new IAMClient(world.sandbox.root(member.accountId));
  const forwarder = { RoleName: names.forwarderRole, PolicyName: names.forwarderRole };
  const { PolicyDocument = '' } = await iam.send(new GetRolePolicyCommand(forwarder));
  // Nothing of the cell reaches the hub, so the canary stays open until the process has ended.
  await iam.send(new DeleteRolePolicyCommand(forwarder));
  const response = await controlPlane.request('/v1/verify', {
    ...{ method: 'POST', headers: { 'content-type': 'application/json' } },
    body: JSON.stringify({ accounts: [member.accountId], regions: [member.region] }),
  });
  expect(response.status).toBe(202);
  const { id } = (await response.json()) as VerificationView;
  await until('the canary flies', 60, async () => (await canaryGroups(world, member))[0]);
  // It is recorded as open before it is opened: what tells that it was is the event that went nowhere.
  await until('the event of its opening is a dead letter', 60, async () =>
    world.sandbox
      .deliveries()
      .find(({ outcome, account }) => outcome === 'dead-lettered' && account === member.accountId),
  );
  const owner = join(world.environment.PORTCULLIS_DATA ?? '', 'owner.json');
  process.kill(JSON.parse(await readFile(owner, 'utf8')).pid, 'SIGKILL');
  const document = decodeURIComponent(PolicyDocument);
  await iam.send(new PutRolePolicyCommand({ ...forwarder, PolicyDocument: document }));
  controlPlane = await startControlPlane(world.environment);

  const ended = await until('the verification ends', 240, async () => {
    const now = await controlPlane.get<VerificationView>(`/v1/verifications/${id}`);
    return now.finishedAt ? now : undefined;
  });
  // What was on its way is a dead letter, and the way itself is open again.
  expect(ended.cells).toMatchObject([{ state: 'failed' }]);
  expect(ended.cells[0]?.message).toMatch(
    /the path behind it answers.*dead letters: \d+ in portcullis-forward-dead/,
  );
  expect(await canaryGroups(world, member)).toEqual([]);
  const { exit } = await controlPlane.cli([
    'verify',
    '--account',
    member.accountId,
    '--region',
    member.region,
  ]);
  expect(exit).toBe(0);
  const cells = await cellsOf({ controlPlane });
  const cell = cells.find(({ account, region }) => account === member.accountId && region === member.region);
  expect(cell).toMatchObject({ verified: 'yes', kind: 'end-to-end' });
});
