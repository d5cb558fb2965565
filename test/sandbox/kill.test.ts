import { CreateRoleCommand, DeleteRolePolicyCommand, IAMClient } from '@aws-sdk/client-iam';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { killDuring } from '../faults/killing.ts';
import { type Run, whatIsWrong } from '../faults/oracle.ts';
import { type FaultStage, lacking, openStage, startWorkers } from '../faults/stage.ts';

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

  test('lose nothing and repeat nothing', { timeout: 600_000 }, async () => {
    stage = await openStage({ accounts: 2, regions: 2 });
    await startWorkers(stage);
    const { id } = await stage.post<{ id: string }>('/v1/reconcile', {});
    const killing = { name: 'quick', seed: 1, most: 3, gapSeconds: 8, patienceSeconds: 500 };
    const done = await killDuring(stage, id, killing);
    run = done.run;
    expect(done.kills).toBeGreaterThanOrEqual(3);
    expect(await whatIsWrong(stage, run)).toEqual([]);
  });

  test('would be found out: what is too much and what is missing is named', async () => {
    const [, , accountId = ''] = stage.accountIds;
    const iam = new IAMClient(stage.sandbox.root(accountId));
    const AssumeRolePolicyDocument = '{"Version":"2012-10-17","Statement":[]}';
    await iam.send(new CreateRoleCommand({ RoleName: 'portcullis-other', AssumeRolePolicyDocument }));
    const name = 'portcullis-forwarder';
    await iam.send(new DeleteRolePolicyCommand({ RoleName: name, PolicyName: name }));
    expect(await whatIsWrong(stage, run)).toEqual([
      `AWS has no role policy ${accountId} ${name}/${name}`,
      `in the state, not in AWS: role policy ${accountId} ${name}/${name}`,
      `in AWS, not in the state: role ${accountId} portcullis-other`,
    ]);
  });
});
