import { DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import type { Aws } from '../aws/clients.ts';
import { isDeniedByScp } from '../aws/errors.ts';
import type { PartWay } from '../pulumi/failure.ts';
import { type Result, requeueAfter } from '../queue/result.ts';
import { reasonOf } from '../settings/errors.ts';
import { type Conditions, markFailed, markReconciling } from '../stacks/conditions.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import type { RegionCoverage, TrailCheck } from '../stacks/trail-check.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { StackRecord } from '../store/stacks.ts';
import { isPreview, now, type ReconcileContext } from './context.ts';
import { endRuns, report } from './report.ts';
import { auditChange } from './stack-audit.ts';

/** A person changes a policy, so what it denies is read again once a day; milliseconds. */
const lookAgainMs = 24 * 3_600_000;

export const isDenied = ({ Ready }: Conditions): boolean =>
  Ready?.reason === 'RegionDenied' || Ready?.reason === 'DeniedByScp';

/** How long after a look that found a denial the next one is due, milliseconds; 0 when it is due. */
export const untilLook = (lookedAt: Date | string): number =>
  Math.max(0, new Date(lookedAt).getTime() + lookAgainMs - Date.now());

/** How long a stack that a policy denied waits for its next look; 0 for every other stack. */
export const untilStackLook = ({
  conditions,
  updatedAt,
}: Pick<StackRecord, 'conditions' | 'updatedAt'>): number =>
  isDenied(conditions) ? untilLook(updatedAt) : 0;

const advice =
  'exempt the roles of Portcullis from the policy, or leave the Region out with PORTCULLIS_REGIONS (docs/access.md)';

/**
 * Why a service control policy denies the whole Region; undefined where it does not. One call shows it: a
 * policy that allows security groups to be read denies single calls, not the Region.
 */
export async function regionDenial(
  aws: Pick<Aws, 'ec2'>,
  accountId: string,
  region: string,
): Promise<string | undefined> {
  try {
    const client = await aws.ec2(accountId, region);
    await client.send(new DescribeSecurityGroupsCommand({ MaxResults: 5 }));
    return undefined;
  } catch (error) {
    const message = reasonOf(error);
    return isDeniedByScp(message)
      ? `a service control policy denies ${region} to the account; ${advice}: ${message}`
      : undefined;
  }
}

/** Whether the trail check was denied, which is the first call into a Region. */
export const isTrailDenied = (trail: TrailCheck | undefined): boolean =>
  trail?.covered === 'unknown' && isDeniedByScp(trail.reason);

/**
 * In `layout: account`, marks the Regions that a service control policy denies, each asked once a day: one that the
 * account's stack does not declare yet is left out of it, so that the others are deployed.
 */
export async function markDenied(
  aws: Pick<Aws, 'ec2'>,
  { id, regions: before }: Pick<AccountRecord, 'id' | 'regions'>,
  found: readonly RegionCoverage[],
  { isMade, askAgain }: { readonly isMade: boolean; readonly askAgain: boolean },
): Promise<RegionCoverage[]> {
  const known = new Map(before.map((each) => [each.region, each]));
  const mark = async (coverage: RegionCoverage): Promise<RegionCoverage> => {
    if (!isTrailDenied(coverage.trail)) return coverage;
    const { region } = coverage;
    const earlier = known.get(region);
    if (earlier?.denied && !askAgain && untilLook(earlier.denied.at) > 0)
      return { ...coverage, denied: earlier.denied };
    const message = await regionDenial(aws, id, region);
    if (message === undefined) return coverage;
    const declared = earlier?.denied ? earlier.denied.declared : earlier !== undefined && isMade;
    return { ...coverage, denied: { message, at: now(), declared } };
  };
  return Promise.all(found.map(mark));
}

export const isDeclarable = ({ denied }: RegionCoverage): boolean => !denied || denied.declared;

export const isRepair = ({ requests }: Pick<ReconcileContext, 'requests'>): boolean =>
  requests.some(({ run }) => run.kind === 'reconcile' && !run.onlyChanged);

/**
 * Leaves a Region alone that a service control policy denies, without an operation of the engine: asked once a day, or
 * when a run repairs it. Undefined: nothing denies it, so it is reconciled as usual.
 */
export async function leaveDeniedRegion(
  context: ReconcileContext,
  desired: DesiredStack,
  trail: TrailCheck | undefined,
): Promise<Result | undefined> {
  const { store, aws, key, log } = context;
  const record = await store.stacks.get(key);
  const known = record?.conditions.Ready?.reason === 'RegionDenied' ? record.conditions.Ready : undefined;
  if (!known && !isTrailDenied(trail)) return undefined;
  const preview = isPreview(context);
  if (preview && !known) return undefined;
  const wait = known && record && !isRepair(context) ? untilStackLook(record) : 0;
  const { accountId, region } = desired.arguments.place;
  const isAsked = wait === 0 && !preview;
  const message = isAsked ? await regionDenial(aws, accountId, region) : known?.message;
  if (message === undefined) return undefined;
  if (isAsked) {
    const { conditions } = await store.stacks.declare(desired);
    await store.stacks.setConditions(key, markFailed(conditions, 'RegionDenied', message, now()));
    if (!known) log.warn({ error: message }, 'the Region is denied');
  }
  await endRuns(context, 'skipped', message);
  return preview ? { kind: 'ok' } : requeueAfter(isAsked ? lookAgainMs : wait, 'RegionDenied', message);
}

interface DeniedOperation {
  readonly error: string;
  readonly partWay: PartWay | undefined;
  readonly recover: boolean;
}

/**
 * Records an operation that a service control policy denied: no failure that counts, neither against the stack nor
 * against its runs. A Region that is denied as a whole is skipped; otherwise a person has to exempt our roles.
 */
export async function endDenied(
  context: ReconcileContext,
  desired: DesiredStack,
  record: StackRecord,
  { error, partWay, recover }: DeniedOperation,
): Promise<{ outcome: 'failed'; result: Result }> {
  const { store, aws, key, lease, requests, log } = context;
  const { kind, place } = desired.arguments;
  const region = kind === 'region' ? await regionDenial(aws, place.accountId, place.region) : undefined;
  const reason = region ? 'RegionDenied' : 'DeniedByScp';
  const message = region ?? `a service control policy denies a call; ${advice}: ${error}`;
  const conditions = markFailed(markReconciling(record.conditions, now()), reason, message, now());
  if (partWay) await auditChange(context, desired, partWay.record, { incomplete: true });
  const unrecovered = recover && !partWay?.entered;
  const { generation } = desired;
  await store.stacks.failed(key, conditions, { generation, counted: false, unrecovered }, lease);
  const asked = requests.filter(({ run }) => run.kind === 'reconcile');
  await report(context, asked, region ? 'skipped' : 'unreachable', message);
  log.warn({ key, error: message }, 'a service control policy denies the stack');
  return { outcome: 'failed', result: requeueAfter(lookAgainMs, reason, message) };
}
