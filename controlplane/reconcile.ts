import pLimit from 'p-limit';
import type { Aws } from './aws.ts';
import { mark, markFailed } from './conditions.ts';
import { type DesiredStack, desiredAccount, desiredHub, type Fleet, type FleetAccount } from './desired.ts';
import type { Engine } from './engine.ts';
import type { Settings } from './environment.ts';
import { PortcullisError, reasonOf } from './errors.ts';
import { keyedTurns } from './keyed.ts';
import { type Organization, type OrganizationAccount, readOrganization } from './organization.ts';
import { type StackOutcome, stackReconciler } from './reconcile-stack.ts';
import { accountsInScope, isWholeOrganization } from './scope.ts';
import { accountKey, hubKey } from './stack-key.ts';
import type { Run } from './store/runs.ts';
import type { Store } from './store/store.ts';
import { surveyAccount } from './survey.ts';
import { trailsCondition } from './trails-condition.ts';

export interface Reconciler {
  /** Carries a run out to its end and records it. Throws only where the store itself fails. */
  execute(run: Run): Promise<void>;
}

interface Parts {
  readonly settings: Settings;
  readonly aws: Aws;
  readonly engine: Engine;
  readonly store: Store;
  /** The Lambda's bundle with the policy inside; made once for a service. */
  readonly bundle: { readonly file: string; readonly sha256: string };
  readonly programVersion: string;
}

interface Tally {
  failed: number;
}

const now = () => new Date().toISOString();

async function fleetOf(parts: Parts, organization: Organization): Promise<Fleet> {
  const { settings } = parts;
  const { partition } = await parts.aws.caller();
  const hub = organization.accounts.find(({ id }) => id === settings.hub.accountId);
  if (hub?.state !== 'ACTIVE') {
    throw new PortcullisError(
      'invalid-environment',
      `PORTCULLIS_HUB_ACCOUNT ${settings.hub.accountId} is not an active account of organization ${organization.id}; name one that is`,
    );
  }
  return {
    partition,
    organizationId: organization.id,
    managementAccountId: organization.managementAccountId,
    hub: settings.hub,
    layout: settings.layout,
    controlTowerRegion: settings.controlTowerRegion,
    logRetentionDays: settings.logRetentionDays,
    slackSecretArn: settings.slackSecretArn,
    alarmTopicArn: settings.alarmTopicArn,
    programVersion: parts.programVersion,
  };
}

/**
 * Reconciles hub, then accounts, each account's Regions after it. Stacks run in parallel up to the limit, over all
 * runs together; a stack never runs twice at once. One account's failure is its own: the others go on.
 */
export function reconciler(parts: Parts): Reconciler {
  const { store, aws, settings } = parts;
  const limit = pLimit(settings.parallel);
  const surveys = pLimit(settings.parallel * 2);
  const reconcile = stackReconciler({ engine: parts.engine, store, turn: keyedTurns() });
  const act = (run: Run, stack: DesiredStack): Promise<StackOutcome> => limit(() => reconcile(run, stack));

  const skip = async (run: Run, stacks: readonly DesiredStack[], message: string) => {
    for (const stack of stacks) await store.runs.stack(run.id, stack.key, 'skipped', undefined, message);
  };

  const survey = async (
    run: Run,
    account: OrganizationAccount,
    tally: Tally,
  ): Promise<FleetAccount | undefined> => {
    const conditions = (await store.accounts.get(account.id))?.conditions ?? {};
    if (account.state !== 'ACTIVE') {
      const message = `skipped: the account is ${account.state}`;
      await store.accounts.setConditions(account.id, markFailed(conditions, 'NotActive', message, now()));
      await store.runs.stack(run.id, accountKey(account.id), 'skipped', undefined, message);
      return undefined;
    }
    try {
      const found = await surveyAccount(aws, settings, account);
      await store.accounts.setRegions(account.id, found.regions);
      const covered = { TrailsCovered: trailsCondition(found.regions.map(({ trail }) => trail)) };
      await store.accounts.setConditions(account.id, mark(conditions, covered, now()));
      return found;
    } catch (error) {
      const message = reasonOf(error);
      await store.accounts.setConditions(account.id, markFailed(conditions, 'NotReachable', message, now()));
      await store.runs.stack(run.id, accountKey(account.id), 'failed', undefined, message);
      tally.failed += 1;
      return undefined;
    }
  };

  const onboard = async (run: Run, fleet: Fleet, account: FleetAccount, tally: Tally): Promise<void> => {
    const desired = desiredAccount(fleet, account);
    const regions = desired.regions.filter(
      ({ arguments: args }) =>
        args.kind === 'region' && (run.scope.regions?.includes(args.cell.region) ?? true),
    );
    await store.runs.plan(
      run.id,
      [desired.account, ...regions].map(({ key }) => key),
    );
    const outcome = await act(run, desired.account);
    const outcomes = outcome === 'failed' ? [] : await Promise.all(regions.map((stack) => act(run, stack)));
    if (outcome === 'failed') await skip(run, regions, `${desired.account.key} failed`);
    const failures = [outcome, ...outcomes].filter((each) => each === 'failed').length;
    tally.failed += failures;
    if (run.kind === 'preview') return;
    const conditions = (await store.accounts.get(account.id))?.conditions ?? {};
    const ready =
      failures > 0
        ? ({
            status: 'False',
            reason: 'Failed',
            message: `${failures} of ${regions.length + 1} stacks failed`,
          } as const)
        : ({ status: 'True', reason: 'Succeeded', message: `${regions.length + 1} stacks` } as const);
    await store.accounts.setConditions(account.id, mark(conditions, { Ready: ready }, now()));
  };

  const carryOut = async (run: Run): Promise<Tally> => {
    const tally: Tally = { failed: 0 };
    const organization = await readOrganization(aws);
    await store.accounts.seen(organization.accounts);
    const accounts = accountsInScope(organization, run.scope);
    const fleet = await fleetOf(parts, organization);
    const hub = desiredHub(fleet, parts.bundle, await aws.accessRoleArn(fleet.hub.accountId));
    await store.runs.plan(run.id, [hubKey]);
    const surveyed = Promise.all(accounts.map((account) => surveys(() => survey(run, account, tally))));
    const scoped = isWholeOrganization(run.scope) ? run : { ...run, onlyChanged: true };
    const [outcome, found] = await Promise.all([act(scoped, hub), surveyed]);
    const fleetAccounts = found.filter((account) => account !== undefined);
    if (outcome === 'failed') {
      tally.failed += 1;
      const waiting = fleetAccounts.flatMap((account) => {
        const desired = desiredAccount(fleet, account);
        return [desired.account, ...desired.regions];
      });
      await skip(run, waiting, 'the hub stack failed');
      return tally;
    }
    await Promise.all(fleetAccounts.map((account) => onboard(run, fleet, account, tally)));
    return tally;
  };

  return {
    async execute(run) {
      await store.runs.start(run.id);
      try {
        const { failed } = await carryOut(run);
        const message = failed > 0 ? `${failed} failed` : null;
        await store.runs.finish(run.id, failed > 0 ? 'failed' : 'succeeded', message);
      } catch (error) {
        await store.runs.finish(run.id, 'failed', reasonOf(error));
      }
    },
  };
}
