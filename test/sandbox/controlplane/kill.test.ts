import { DisableRuleCommand, EventBridgeClient } from '@aws-sdk/client-eventbridge';
import {
  CreateRoleCommand,
  DeleteRolePolicyCommand,
  IAMClient,
  UpdateAssumeRolePolicyCommand,
} from '@aws-sdk/client-iam';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { killDuring } from '../../faults/killing.ts';
import { type Run, whatIsWrong } from '../../faults/oracle.ts';
import { unverified } from '../../faults/oracle-verification.ts';
import { type FaultStage, lacking, openStage, startWorkers } from '../../faults/stage.ts';

const why = lacking();
let stage: FaultStage;
afterAll(() => stage?.stop());

/** The quick part of the fault suite, and a look at what it looks with; the long part is `npm run test:faults`. */
describe('workers killed during a roll-out', () => {
  let run: Run;
  beforeEach(({ skip }) => {
    if (why && process.env.CI) throw new Error(why);
    if (why) skip(why);
  });

  test('lose nothing and repeat nothing', { timeout: 1_200_000 }, async () => {
    stage = await openStage({ accounts: 2, regions: 2 });
    await startWorkers(stage);
    const { id } = await stage.post<{ id: string }>('/v1/reconcile', { scope: 'organization' });
    // By this seed one of the kills is of a worker that starts.
    const killing = { name: 'quick', seed: 7, most: 3, gapSeconds: 3, patienceSeconds: 500 };
    const done = await killDuring(stage, id, killing);
    run = done.run;
    expect(done.kills).toBeGreaterThanOrEqual(3);
    expect(await whatIsWrong(stage, run, { failures: 'explained' })).toEqual([]);
    expect(await unverified(stage)).toEqual([]);
  });

  test('would be found out: what is too much, what is missing and what says something else is named', async () => {
    const [, , accountId = '', other = ''] = stage.accountIds;
    const [{ region } = { region: '' }] = stage.cells;
    const iam = new IAMClient(stage.sandbox.root(accountId));
    const nobody = '{"Version":"2012-10-17","Statement":[]}';
    const somebodyElse = JSON.stringify({
      Version: '2012-10-17',
      Statement: [{ Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' }],
    });
    await iam.send(new CreateRoleCommand({ RoleName: 'portcullis-other', AssumeRolePolicyDocument: nobody }));
    const name = 'portcullis-forwarder';
    await iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: name }));
    await new IAMClient(stage.sandbox.root(other)).send(
      new UpdateAssumeRolePolicyCommand({ RoleName: name, PolicyDocument: somebodyElse }),
    );
    const events = new EventBridgeClient(stage.sandbox.root(other, region));
    await events.send(new DisableRuleCommand({ Name: 'portcullis-forward' }));
    const wrong = await whatIsWrong(stage, run, { failures: 'explained' });
    expect(wrong.toSorted()).toEqual([
      `AWS has no role policy ${accountId} ${name}/${name}`,
      expect.stringMatching(
        `^in AWS role ${other} ${name} is: .*ec2[.]amazonaws.*; declared: .*events[.]amazonaws`,
      ),
      expect.stringMatching(`^in AWS rule ${other} ${region} default/portcullis-forward is: DISABLED for `),
      `in AWS, not in the state: role ${accountId} portcullis-other`,
      `in the state, not in AWS: role policy ${accountId} ${name}/${name}`,
    ]);
  });
});
