import type { AwsSecurityFinding } from '@aws-sdk/client-securityhub';
import { describe, expect } from 'vitest';
import type { Database } from '../../../../../controlplane/store/database/database.ts';
import { carryOut } from '../../../../../controlplane/sweep/fleet/carry-out.ts';
import { importDue } from '../../../../../controlplane/sweep/hand-over/security-hub.ts';
import { makeLogger } from '../../../../../controlplane/telemetry/log.ts';
import { toAsff } from '../../../../../lambda/notify/security-hub/finding.ts';
import { parsePolicy } from '../../../../../lambda/policy/parse.ts';
import { databaseTest as test } from '../../../../worlds/database.ts';
import { finding, remediation } from '../../../../worlds/remediation-sample.ts';
import { offence, sweepPolicyText, sweepWorld } from '../world.ts';

const account = '300000000001';
const region = 'eu-west-1';
const groupId = 'sg-0a1b2c3d4e5f60001';
const ruleId = 'sgr-0a1b2c3d4e5f60001';

/** A sweep of one cell, and a Security Hub that keeps what it is notified by account and Region. */
function hubWorld(database: Database) {
  const world = sweepWorld(database, { securityHub: true });
  world.state.regions.set(account, [region]);
  const imported: { place: string; finding: AwsSecurityFinding }[] = [];
  let refusal: string | undefined;
  const securityHub = async (accountId: string, where: string) => ({
    async send({ input: { Findings = [] } }: { input: { Findings?: AwsSecurityFinding[] } }) {
      if (refusal) throw new Error(refusal);
      for (const each of Findings) imported.push({ place: `${accountId} ${where}`, finding: each });
      return { FailedFindings: [] };
    },
  });
  const context = { store: world.store, aws: { securityHub }, log: makeLogger('silent') } as never;
  return {
    ...{ world, imported },
    refuse: (reason?: string) => {
      refusal = reason;
    },
    async sweep(findings: Parameters<typeof world.state.offences.set>[1]) {
      world.state.offences.set(`${account} ${region}`, findings);
      await carryOut(world.context, await world.request());
      await importDue(context, new AbortController().signal);
    },
    retry: async () => {
      await database.query('update security_hub_import set due_at = now()');
      await importDue(context, new AbortController().signal);
    },
  };
}

/** What the Lambda imports of the same rule. */
function byLambda(): AwsSecurityFinding {
  const result = remediation({ account, region, groupId, outcome: 'notified' });
  const [asff] = toAsff(
    { ...result, findings: [finding({ action: 'notified', undo: null, policyRule: 'world-ssh' })] },
    'aws',
  );
  if (!asff) throw new Error('the Lambda imports one finding');
  return asff;
}

describe('Security Hub', () => {
  test('gets what a sweep discovers, with the ids of the Lambda, from the account of the finding', async ({
    database,
  }) => {
    const hub = hubWorld(database);
    await hub.sweep([offence(groupId, { ruleId })]);
    const { Id, ProductArn, GeneratorId, AwsAccountId } = byLambda();
    expect(hub.imported).toMatchObject([
      {
        place: `${account} ${region}`,
        finding: {
          Id,
          ProductArn,
          GeneratorId,
          AwsAccountId,
          RecordState: 'ACTIVE',
          Compliance: { Status: 'FAILED' },
        },
      },
    ]);
    await hub.sweep([offence(groupId, { ruleId })]);
    expect(hub.imported).toHaveLength(1);
  });

  test('gets what an owner removed as archived, also where an event reported it first', async ({
    database,
  }) => {
    const hub = hubWorld(database);
    const open = finding({ ruleId, action: 'notified', undo: null, policyRule: 'world-ssh' });
    const time = new Date(Date.now() - 60_000).toISOString();
    await hub.world.store.remediations.append(
      remediation({ account, region, groupId, time, outcome: 'notified', findings: [open] }),
    );
    await hub.sweep([]);
    const { Id, ProductArn, GeneratorId } = byLambda();
    expect(hub.imported).toMatchObject([
      { place: `${account} ${region}`, finding: { Id, ProductArn, GeneratorId, RecordState: 'ARCHIVED' } },
    ]);
    expect(hub.imported[0]?.finding).toMatchObject({
      Compliance: { Status: 'PASSED' },
      Description: expect.stringMatching(/removed, or that the policy no longer forbids it/),
    });
  });

  test('gets what an exception allows as archived, and as active again when that ended', async ({
    database,
  }) => {
    const hub = hubWorld(database);
    const exceptions = [{ name: 'bastion', expires: null }];
    await hub.sweep([offence(groupId, { ruleId })]);
    await hub.sweep([offence(groupId, { ruleId, exceptions })]);
    await hub.sweep([offence(groupId, { ruleId })]);
    const { Id } = byLambda();
    const states = hub.imported.map(({ finding: { Id, RecordState, Compliance, Workflow } }) => [
      ...[Id, RecordState, Compliance?.Status, Workflow?.Status],
    ]);
    expect(states).toEqual([
      [Id, 'ACTIVE', 'FAILED', 'NEW'],
      [Id, 'ARCHIVED', 'PASSED', 'SUPPRESSED'],
      [Id, 'ACTIVE', 'FAILED', 'NEW'],
    ]);
    expect(hub.imported[1]?.finding.Description).toBe('An exception of the policy allows it.');
  });

  test('gets nothing of what an exception allowed from the beginning', async ({ database }) => {
    const hub = hubWorld(database);
    await hub.sweep([offence(groupId, { ruleId, exceptions: [{ name: 'bastion', expires: null }] })]);
    expect(hub.imported).toEqual([]);
  });

  test('that refuses an import gets it later', async ({ database }) => {
    const hub = hubWorld(database);
    hub.refuse('InvalidAccessException: Security Hub is not enabled');
    await hub.sweep([offence(groupId, { ruleId })]);
    expect(hub.imported).toEqual([]);
    hub.refuse();
    await hub.retry();
    expect(hub.imported).toHaveLength(1);
    expect(await database.query('select id from security_hub_import')).toEqual([]);
  });

  test('gets nothing of a group that the Lambda is handed, which reports it itself', async ({ database }) => {
    const hub = hubWorld(database);
    hub.world.state.policy = parsePolicy(`${sweepPolicyText}\nsweepAction: remediate`);
    await hub.sweep([offence(groupId, { ruleId })]);
    expect(hub.imported).toEqual([]);
  });

  test('gets nothing where it is off', async ({ database }) => {
    const world = sweepWorld(database);
    world.state.regions.set(account, [region]);
    world.state.offences.set(`${account} ${region}`, [offence(groupId, { ruleId })]);
    await carryOut(world.context, await world.request());
    expect(await database.query('select id from security_hub_import')).toEqual([]);
  });
});
