import { EventBridge } from '@aws-sdk/client-eventbridge';
import { LogGroup } from '@pulumi/aws/cloudwatch/logGroup.js';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isUnready } from '../../../controlplane/aws/errors.ts';
import { stackOpener } from '../../../controlplane/pulumi/cli.ts';
import type { DesiredStack } from '../../../controlplane/stacks/desired.ts';
import { names } from '../../../programs/names.ts';
import { providerFor } from '../../../programs/provider.ts';
import { type DeploymentWorld, deploymentWorld, hub } from '../../worlds/deployment.ts';
import { operate } from '../../worlds/engine.ts';

/** Enabled in this member alone: neither the caller's account nor the hub's has opted in. */
const region = 'af-south-1';
const accountId = '300000000001';
let world: DeploymentWorld;

beforeAll(async () => {
  world = await deploymentWorld();
});
afterAll(() => world?.stop());

const cellIn = (account: string): DesiredStack => {
  const { arguments: args } = world.stacks.region(account);
  const place = { ...args.place, region };
  return {
    ...{ key: `region-${account}-${region}`, generation: 'any' },
    arguments: { ...args, place, cell: { region, lifecycle: false } } as DesiredStack['arguments'],
  };
};

test('a cell in a Region that only its account has enabled is made there', async () => {
  for (const stack of [world.stacks.hub(), world.stacks.account(accountId)])
    await operate(world.engine, 'up', stack, { known: false });
  await operate(world.engine, 'up', cellIn(accountId), { known: false });
  const events = new EventBridge(world.sandbox.root(accountId, region));
  expect((await events.describeRule({ Name: names.forwardRule })).State).toBe('ENABLED');
  events.destroy();
  expect(await operate(world.engine, 'up', cellIn(accountId))).toMatchObject({ changes: [], drift: [] });
}, 120_000);

/** What the engine says of a provider that works in a Region which its account, or the caller's, has not enabled. */
async function refusalIn(providerRegion: string, place: Partial<Parameters<typeof providerFor>[0]>) {
  const { arguments: args } = world.stacks.region(accountId);
  const opened = await stackOpener(world.settings)(
    `region-${hub.accountId}-${providerRegion}`,
    () => {
      const provider = providerFor({ ...args.place, ...place }, providerRegion);
      new LogGroup('portcullis-any', { name: 'portcullis-any' }, { provider });
      return {};
    },
    new AbortController().signal,
  );
  await opened.create();
  return opened
    .operate('up', () => undefined)
    .then(
      () => 'none',
      (error: Error) => error.message,
    );
}

test("the provider validates credentials in its own Region, and is refused where the account has not enabled it, in the official plugin's words", async () => {
  const said = await refusalIn(region, { accessRoleArn: undefined, accountId: hub.accountId });
  expect(said).toContain('The configured AWS credentials are invalid or have expired.');
  expect(isUnready(said, false)).toBe(true);
}, 60_000);
