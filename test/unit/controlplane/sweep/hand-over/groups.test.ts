import { expect } from 'vitest';
import { carryOut } from '../../../../../controlplane/sweep/fleet/carry-out.ts';
import { handOverDue } from '../../../../../controlplane/sweep/hand-over/groups.ts';
import { makeLogger } from '../../../../../controlplane/telemetry/log.ts';
import { sweepEventSchema } from '../../../../../lambda/contract/sweep.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { offence, sweepPolicyText, sweepWorld } from '../world.ts';

const account = '300000000001';
const groupIds = ['sg-0a1b2c3d4e5f60001', 'sg-0a1b2c3d4e5f60002'];

test('each group is handed to the Lambda of the hub once in a sweep, and again where that failed', async ({
  database,
}) => {
  const world = sweepWorld(database);
  world.state.policy = parsePolicy(`${sweepPolicyText}\nsweepAction: remediate`);
  world.state.regions.set(account, ['eu-west-1']);
  world.state.offences.set(
    `${account} eu-west-1`,
    groupIds.map((groupId) => offence(groupId)),
  );
  const id = await world.request();
  await carryOut(world.context, id);

  const sent: { where: string; event: unknown; kind: string }[] = [];
  let refused = 1;
  const lambda = async (accountId: string, region: string) => ({
    async send({ input }: { input: { Payload: string; InvocationType: string; FunctionName: string } }) {
      if (refused > 0) {
        refused -= 1;
        throw new Error('TooManyRequestsException');
      }
      const where = `${accountId} ${region} ${input.FunctionName}`;
      sent.push({ where, event: JSON.parse(input.Payload), kind: input.InvocationType });
    },
  });
  const settings = { hub: { accountId: '222222222222', region: 'eu-central-1' } };
  const context = { store: world.store, aws: { lambda }, settings, log: makeLogger('silent') } as never;
  const run = () => handOverDue(context, new AbortController().signal);
  await run();
  expect(sent).toHaveLength(1);
  await run(); // the refused one is due later
  expect(sent).toHaveLength(1);
  await database.query('update sweep_remediation set due_at = now()');
  await run();
  await database.query('update sweep_remediation set due_at = now()');
  await run();
  expect(sent.map(({ event }) => sweepEventSchema.parse(event).detail.groupId).sort()).toEqual(groupIds);
  expect(sent[0]).toMatchObject({
    ...{ where: '222222222222 eu-central-1 portcullis-remediation', kind: 'Event' },
    event: { account, region: 'eu-west-1', detail: { sweepId: id } },
  });
});
