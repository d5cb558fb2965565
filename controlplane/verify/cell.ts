import type { EC2Client } from '@aws-sdk/client-ec2';
import type { RemediationResult } from '../../lambda/contract/result.ts';
import { isDenied } from '../aws/errors.ts';
import { reasonOf } from '../settings/errors.ts';
import type { Canary, Ending } from '../store/canaries.ts';
import { poll } from '../time/poll.ts';
import type { VerifyContext } from './context.ts';
import { isOpen, makeGroup, openGroup, removeGroup, removeGroups, vpcFor } from './group.ts';
import { deadLetterCounts, precheck } from './precheck.ts';
import { announce, sendSynthetic } from './synthetic.ts';

/** Pauses between reads of the Lambda's answer, milliseconds: CloudTrail takes minutes on AWS. */
const firstPause = 100;
const longestPause = 5_000;
/** Time limit of a synthetic event: it does not wait for CloudTrail. */
const syntheticMs = 120_000;
/** After a duplicate event found the rule deleted, the revoking invocation may take this long to report, ms. */
const duplicateMs = 60_000;
/** A revoked rule may still be listed for a moment. */
const closedDelaysMs = [500, 1_000, 2_000];

const failed = (message: string): Ending => ({ state: 'failed', message });

/**
 * Verifies one cell by its canary, records the result and removes the group. Idempotent, also after a crash: an
 * opened canary is waited for, one that was only begun is started again.
 * @throws only when the service stops or the store fails; the canary then waits for the next call
 */
export async function verifyCell(context: VerifyContext, canary: Canary): Promise<Ending> {
  const { store, aws, log, stopping } = context;
  const started = performance.now();
  let ending: Ending;
  try {
    const ec2 = await aws.ec2(canary.accountId, canary.region);
    ending = await runCanary(context, ec2, canary).finally(async () => {
      const now = await store.cellVerifications.canary(canary.id);
      if (now?.intendedAt && !stopping.aborted) await remove(context, ec2, [canary.id], now.groupId);
    });
  } catch (error) {
    stopping.throwIfAborted();
    ending = failed(reasonOf(error));
  }
  // Stopped during the removal: the next start removes the group.
  stopping.throwIfAborted();
  await store.cellVerifications.end(canary.id, ending);
  const { accountId: account, region } = canary;
  log.info({ account, region, state: ending.state, message: ending.message }, 'cell verified');
  context.meter.verified(ending.state, (performance.now() - started) / 1000);
  return ending;
}

async function runCanary(context: VerifyContext, ec2: EC2Client, canary: Canary): Promise<Ending> {
  const { cellVerifications } = context.store;
  const begun = canary.intendedAt && !canary.openedAt ? [canary.id] : [];
  const before = [...(await cellVerifications.leftovers(canary)), ...begun];
  if (before.length > 0) await remove(context, ec2, before);
  if (canary.openedAt) {
    await openAgain(context, ec2, canary);
    return awaitEnd(context, ec2, canary, null);
  }
  const problem = await precheck(context, canary);
  if (problem) return failed(problem);
  const refusal = await openOne(context, ec2, canary);
  if (refusal !== null)
    await sendOne(context, canary).catch((error) => {
      throw isDenied(error) ? new Error(`no canary may be sent: ${reasonOf(error)}; ${rights}`) : error;
    });
  const opened = await cellVerifications.canary(canary.id);
  if (!opened?.openedAt) throw new Error(`canary ${canary.id} is missing from the store`);
  return awaitEnd(context, ec2, opened, refusal);
}

/** Never fails: the next verification of the cell tries again to remove the group. */
async function remove(
  { store, log }: VerifyContext,
  ec2: EC2Client,
  ids: readonly string[],
  groupId: string | null = null,
): Promise<void> {
  try {
    if (groupId !== null) await removeGroup(ec2, groupId);
    const { gone, left } = await removeGroups(ec2, ids);
    await store.cellVerifications.removed(gone);
    if (left.length > 0) log.warn({ left }, 'the group of a canary could not be removed');
  } catch (error) {
    log.warn({ canaries: ids, error: reasonOf(error) }, 'groups of canaries could not be listed');
  }
}

const rights = 'docs/verify-policy.json lists the permissions';

/** Opens a group to the world. Returns why that is not possible, or null. */
async function openOne(context: VerifyContext, ec2: EC2Client, canary: Canary): Promise<string | null> {
  const { cellVerifications } = context.store;
  if (context.settings.canary === 'synthetic') return 'PORTCULLIS_CANARY is synthetic';
  let groupId: string;
  try {
    const vpc = await vpcFor(ec2, canary.accountId);
    if (!vpc) return 'the account has no VPC in the Region';
    await cellVerifications.intend(canary.id);
    groupId = await makeGroup(ec2, canary.id, vpc, context.settings.tags);
  } catch (error) {
    if (isDenied(error)) return reasonOf(error);
    throw error;
  }
  // The id first, so that the group can be found again; then the start of the measured time.
  await cellVerifications.opened(canary.id, groupId);
  await announce(context, canary, groupId, canary.id);
  await cellVerifications.opened(canary.id, groupId);
  await openGroup(ec2, groupId);
  return null;
}

/** After a crash it is unknown whether the call was made. A second call is harmless: the rule is revoked twice. */
async function openAgain(
  context: VerifyContext,
  ec2: EC2Client,
  { groupId, result, ...canary }: Canary,
): Promise<void> {
  if (result) return;
  if (groupId === null) return sendSynthetic(context, canary, canary.id);
  await announce(context, canary, groupId, canary.id);
  if (!(await isOpen(ec2, groupId))) await openGroup(ec2, groupId);
}

async function sendOne(context: VerifyContext, canary: Canary): Promise<void> {
  await announce(context, canary, canary.id, canary.id);
  await context.store.cellVerifications.opened(canary.id, null);
  await sendSynthetic(context, canary, canary.id);
}

/** Endless growing pauses, so that canaries started together spread out. */
function* pauses(): Generator<number> {
  for (let wait = firstPause; ; wait = Math.min(wait * 1.5, longestPause))
    yield wait * (0.75 + Math.random() / 2);
}

/** `rule-gone` counts only when no stronger answer follows: one call's event may be delivered twice. */
async function answered(
  { store, stopping }: VerifyContext,
  id: string,
  patience: number,
): Promise<(Canary & { result: RemediationResult }) | undefined> {
  let until = performance.now() + patience;
  let awaited = false;
  const read = async () => {
    const now = await store.cellVerifications.canary(id);
    const late = performance.now() >= until;
    if (now?.result && (late || now.result.outcome !== 'rule-gone')) return { ...now, result: now.result };
    if (late) return 'late' as const;
    if (now?.result && !awaited) {
      awaited = true;
      until = Math.min(until, performance.now() + duplicateMs);
    }
    return undefined;
  };
  const answer = await poll(pauses(), read, { signal: stopping });
  return answer === 'late' ? undefined : answer;
}

async function awaitEnd(
  context: VerifyContext,
  ec2: EC2Client,
  canary: Canary,
  refusal: string | null,
): Promise<Ending> {
  const wait = context.settings.verifyWaitMinutes * 60_000;
  const patience = canary.groupId === null ? Math.min(wait, syntheticMs) : wait;
  const waited = await context.store.cellVerifications.openFor(canary.id);
  const now = await answered(context, canary.id, patience - waited);
  if (!now) return failed(await whereItStopped(context, ec2, canary, patience));
  const { result, groupId } = now;
  if (result.canary !== canary.id)
    return failed(`the Lambda did not recognize the canary: ${describeResult(result)}`);
  if (groupId === null) {
    if (result.outcome !== 'clean') return failed(`the Lambda answered ${describeResult(result)}`);
    return verified(now, 'path', Date.parse(result.time), refusal && `no group was made: ${refusal}`);
  }
  const { revokedAt } = result.timeline;
  if (result.outcome !== 'remediated' || revokedAt === null)
    return failed(`the Lambda answered ${describeResult(result)}`);
  if (await staysOpen(context, ec2, groupId))
    return failed('the Lambda reports that it revoked the rule, but EC2 still lists it');
  return verified(now, 'end-to-end', Date.parse(revokedAt), null);
}

function verified(
  { openedAt, receivedAt }: Canary,
  kind: 'end-to-end' | 'path',
  closedAt: number,
  message: string | null,
): Ending {
  const since = (at: number) => Math.max(0, Math.round(at - (openedAt?.getTime() ?? at)));
  const recordedMilliseconds = since(receivedAt?.getTime() ?? closedAt);
  return { state: 'verified', kind, milliseconds: since(closedAt), recordedMilliseconds, message };
}

const describeResult = ({ outcome, reason }: RemediationResult) =>
  reason ? `${outcome}: ${reason}` : outcome;

async function staysOpen({ stopping }: VerifyContext, ec2: EC2Client, groupId: string): Promise<boolean> {
  const isClosed = async () => !(await isOpen(ec2, groupId)) || undefined;
  return (await poll(closedDelaysMs, isClosed, { signal: stopping })) === undefined;
}

/** Where an unanswered canary stopped, as far as it is known. */
async function whereItStopped(
  context: VerifyContext,
  ec2: EC2Client,
  canary: Canary,
  patience: number,
): Promise<string> {
  const seconds = `within ${Math.round(patience / 1000)} s`;
  const problem = await precheck(context, canary);
  if (problem) return problem;
  const deadLetters = await deadLetterCounts(context, canary);
  const dead = deadLetters.length > 0 ? `; dead letters: ${deadLetters.join(', ')}` : '';
  const beyond = 'forwarder role, org bus, Lambda, its role in the account, or the results queue';
  if (canary.groupId === null) return `no answer ${seconds}, so it is one of ${beyond}${dead}`;
  if (!(await isOpen(ec2, canary.groupId)))
    return `the rule was revoked, but no result arrived ${seconds}: check the results queue${dead}`;
  await sendOne(context, canary);
  const probe = await answered(context, canary.id, Math.min(patience, syntheticMs));
  if (probe && probe.result.groupId !== null) return `the rule was revoked, but not ${seconds}`;
  if (probe?.result.outcome === 'clean')
    return `CloudTrail delivered nothing ${seconds}, but the path behind it answers: check the trail${dead}`;
  if (probe) return `the Lambda answered ${describeResult(probe.result)}`;
  return `no answer ${seconds}, nor to a synthetic event, so it is one of ${beyond}${dead}`;
}
