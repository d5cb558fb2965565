import { Organizations } from '@aws-sdk/client-organizations';
import type { Account, Remediation } from './control-plane.ts';
import { drift, plainPulumi, repair } from './drift.ts';
import { findOpened } from './opened-before.ts';
import { type OpenedGroup, openToTheWorld, until } from './security-group.ts';
import { assert, type Step } from './step.ts';
import { verifyCells } from './verification.ts';
import type { World } from './world.ts';

const seconds = (milliseconds: number) => `${(milliseconds / 1000).toFixed(2)} s`;

/** The audit log's record of a group, of another event than `after` where that is named. */
async function remediationOf(
  world: World,
  group: OpenedGroup,
  accountId: string,
  after?: string,
): Promise<Remediation> {
  return until(`the audit log holds ${group.groupId}`, 30, async () => {
    const { remediations } = await world.controlPlane.get<{ remediations: Remediation[] }>(
      `/v1/remediations?account=${accountId}`,
    );
    return remediations.find(({ eventId, result }) => result.groupId === group.groupId && eventId !== after);
  });
}

/** Opens a port and waits for it to be closed again; milliseconds from the call's return until the rule is not found. */
async function openAndSeeClosed(world: World, at: { accountId: string; region: string; port: number }) {
  const group = await openToTheWorld(world.sandbox, at);
  await until(`${group.ruleId} is revoked`, 60, async () =>
    (await group.ruleIds()).includes(group.ruleId) ? undefined : true,
  );
  return { group, took: Date.now() - group.openedAt };
}

async function accountOf(world: World, id: string): Promise<Account | undefined> {
  const { accounts } = await world.controlPlane.get<{ accounts: Account[] }>('/v1/accounts');
  return accounts.find((account) => account.id === id);
}

const onboard: Step = {
  claim: 'the whole organization is onboarded',
  async run({ controlPlane, sandbox }, show) {
    const started = Date.now();
    // The service began it at its start; this only waits for it, stack by stack.
    const { exit, output } = await controlPlane.cli(['reconcile', '--all', '--only-changed'], show);
    assert(exit === 0, `reconcile ended with exit code ${exit}:\n${output}`);
    const { accounts } = await controlPlane.get<{ accounts: Account[] }>('/v1/accounts');
    const active = accounts.filter(({ state }) => state === 'ACTIVE');
    const notReady = active.filter(({ conditions }) => conditions.Ready?.status !== 'True');
    assert(notReady.length === 0, `not ready: ${notReady.map(({ id }) => id).join(', ')}`);
    const suspended = accounts.find(({ id }) => id === sandbox.organization.suspendedAccountId);
    assert(
      suspended?.conditions.Ready?.reason === 'NotActive',
      'the suspended account is not reported as skipped',
    );
    const cells = active.reduce((sum, { regions }) => sum + regions.length, 0);
    return `${active.length} accounts, ${cells} cells ready in ${seconds(Date.now() - started)}; the suspended account is skipped`;
  },
};

const close: Step = {
  claim: 'SSH opened to the world in a member account is closed, recorded and announced',
  async run(world) {
    const at = { accountId: '300000000001', region: 'eu-central-1', port: 22 };
    const { group, took } = await openAndSeeClosed(world, at);
    const { outcome } = await remediationOf(world, group, at.accountId);
    assert(outcome === 'remediated', `the audit log says ${outcome}`);
    const message = await until('the Slack message', 10, async () =>
      world.slack.messages.find((text) => text.includes(group.groupId)),
    );
    assert(message.includes(at.accountId), 'the Slack message does not name the account');
    return `closed ${seconds(took)} after the call returned; recorded as ${outcome}; Slack notified`;
  },
};

const allow: Step = {
  claim: 'an allowed rule (443 to the world) stays',
  async run(world) {
    const at = { accountId: '300000000001', region: 'eu-central-1', port: 443 };
    const group = await openToTheWorld(world.sandbox, at);
    const { outcome } = await remediationOf(world, group, at.accountId);
    assert(outcome === 'clean', `the audit log says ${outcome}`);
    assert((await group.ruleIds()).includes(group.ruleId), 'the rule was deleted');
    return 'evaluated as clean, still there';
  },
};

const created: { accountId?: string } = {};

const cover: Step = {
  claim: 'a new account is covered automatically',
  async run(world) {
    const { managementAccountId } = world.sandbox.organization;
    const organizations = new Organizations(world.sandbox.root(managementAccountId, 'us-east-1'));
    const started = Date.now();
    const asked = await organizations.createAccount({
      AccountName: 'newcomer',
      Email: `newcomer-${started}@example.com`,
    });
    const id = await until('the account exists', 30, async () => {
      const { CreateAccountStatus: status } = await organizations.describeCreateAccountStatus({
        CreateAccountRequestId: asked.CreateAccountStatus?.Id,
      });
      return status?.AccountId;
    });
    const account = await until(`account ${id} is ready`, 180, async () => {
      const seen = await accountOf(world, id);
      return seen?.conditions.Ready?.status === 'True' ? seen : undefined;
    });
    created.accountId = id;
    return `account ${id} with ${account.regions.length} Regions ready ${seconds(Date.now() - started)} after CreateAccount`;
  },
};

const protect: Step = {
  claim: 'the new account is protected',
  async run(world) {
    assert(created.accountId !== undefined, 'there is no new account');
    const { took } = await openAndSeeClosed(world, {
      accountId: created.accountId,
      region: 'us-east-1',
      port: 3389,
    });
    return `RDP opened there is closed after ${seconds(took)}`;
  },
};

const report: Step = {
  claim: 'the account without a trail is reported as uncovered',
  async run(world) {
    const account = await accountOf(world, world.sandbox.organization.untrailedAccountId);
    const condition = account?.conditions.TrailsCovered;
    assert(
      condition?.status === 'False' && condition.reason === 'NotCovered',
      `it says ${JSON.stringify(condition)}`,
    );
    return `${account?.id}: ${condition.message}`;
  },
};

const putBack: Step = {
  claim: 'a revoked rule is restored with an exception, and stays',
  async run(world, show) {
    const at = { accountId: '300000000002', region: 'eu-west-1', port: 2222 };
    const { group } = await openAndSeeClosed(world, at);
    const { eventId } = await remediationOf(world, group, at.accountId);
    const words = ['--owner', 'demo', '--why', 'a partner needs it', '--ticket', 'DEMO-1', '--permanent'];
    const started = Date.now();
    const { exit, output } = await world.controlPlane.cli(
      ['restore', `${eventId}:${group.groupId}`, ...words],
      show,
    );
    assert(exit === 0, `restore ended with exit code ${exit}:\n${output}`);
    const took = Date.now() - started;
    const { outcome } = await remediationOf(world, group, at.accountId, eventId);
    assert(outcome === 'excepted', `the audit log says ${outcome} of the rule that was put back`);
    assert((await group.ruleIds()).length === 1, 'the rule is not there');
    return `back ${seconds(took)} after it was asked for, evaluated as ${outcome}, still there`;
  },
};

const verify: Step = {
  claim: 'verify passes for every covered cell, end to end, and for no other',
  run: verifyCells,
};

/** The demo's claims, in order: each builds on the world that those before it left. */
export const steps: readonly Step[] = [
  onboard,
  findOpened,
  close,
  allow,
  cover,
  protect,
  report,
  drift,
  plainPulumi,
  repair,
  putBack,
  verify,
];
