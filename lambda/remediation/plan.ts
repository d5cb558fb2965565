import type { Cloud, Member } from '../aws/cloud.ts';
import type { Sessions } from '../aws/credentials.ts';
import { describeError } from '../aws/errors.ts';
import { findResolverLists, findUsersElsewhere, resolvePrefixLists } from '../aws/prefix-lists.ts';
import { findGroups, findUsers, readEveryGroup } from '../aws/security-groups.ts';
import type { EventSubject } from '../event/parameters.ts';
import type { ApiCall, Reading } from '../event/read.ts';
import { expectNothing, type Task } from '../event/task.ts';
import type { FoundGroup } from '../ledger/history.ts';
import { evaluate } from '../policy/evaluate.ts';
import { coveredFrom } from './evaluation.ts';
import { type RemediationContext, remediate } from './remediate.ts';
import { type Remediation, stopped, untouched } from './remediation.ts';

/** Handles one group. @throws what a retry can fix. */
export type RemediationTask = () => Promise<Remediation>;

export type Inspection = Extract<Reading, { kind: 'inspect' }>;

/** A session of the remediation role in an account, in the call's Region. */
export type Connect = (account: string, call: ApiCall) => Promise<Member>;

export function connector(cloud: Pick<Cloud, 'member'>, sessions: Sessions): Connect {
  return async (account, { region, eventId }) => cloud.member(region, await sessions.of(account, eventId));
}

/** How long after a call an IPAM prefix list resolver may write to a list. AWS does not document the time. */
const resolverLag = 3 * 60_000;
/** A call that ended with an error may still take effect. */
const failureLag = 60_000;

/** One task for each group of a call. When groups cannot be found, a task reports why. */
export async function planOf(
  context: RemediationContext,
  connect: Connect,
  inspection: Inspection,
): Promise<RemediationTask[]> {
  const { call, subject } = inspection;
  try {
    if (subject.resolverId !== null)
      return await planOfResolver(context, connect, inspection, subject.resolverId);
    const place = subject.prefixListRegion === null ? call : { ...call, region: subject.prefixListRegion };
    return await planIn(context, connect, { ...inspection, call: place }, place === call ? undefined : place);
  } catch (error) {
    return [async () => stopped(error, call.account, subject.groupIds[0] ?? null)];
  }
}

/**
 * The groups of every list that a resolver writes to, each in the list's Region. One failing list does not affect the
 * others.
 */
async function planOfResolver(
  context: RemediationContext,
  connect: Connect,
  inspection: Inspection,
  resolverId: string,
): Promise<RemediationTask[]> {
  const { call } = inspection;
  const member = await connect(call.account, call);
  const lists = await findResolverLists(member, resolverId);
  if (lists.length === 0) {
    const reason = `no prefix list is a target of ${resolverId}`;
    return [async () => untouched('clean', reason, call.account)];
  }
  const plans = lists.map(({ prefixListId, region }) => {
    const named = { ...inspection.subject, resolverId: null, prefixListId, prefixListRegion: region };
    return planOf(context, connect, { ...inspection, subject: named });
  });
  return (await Promise.all(plans)).flat();
}

/** The groups of one Region. `moved` is the call in that Region, when it is not the event's Region. */
async function planIn(
  context: RemediationContext,
  connect: Connect,
  inspection: Inspection,
  moved?: ApiCall,
): Promise<RemediationTask[]> {
  const { call, subject } = inspection;
  const member = await connect(call.account, call);
  const { groupIds, idle } = await groupsOf(context, member, call, subject);
  const users = await groupsOfOtherAccounts(member, inspection);
  const here = groupIds.map((groupId) => ({ account: call.account, groupId }));
  const found = await withEarlierGroups(context, inspection, [...here, ...users.groups]);
  const tasks = found.groups.map(({ account, groupId }) =>
    taskFor(context, connect, groupTask(inspection, account, groupId)),
  );
  const all = [...tasks, ...users.failed, ...found.failed];
  const planned = all.length > 0 ? all : [async () => idle];
  return moved ? planned.map((task) => async () => ({ ...(await task()), call: moved })) : planned;
}

interface Found {
  groups: FoundGroup[];
  /** Tasks that report why groups could not be found. */
  failed: RemediationTask[];
}

/**
 * Adds the groups that an earlier attempt recorded: groups found by what they allow are not found again once that is
 * closed, and the retry must still report them. Each group is returned once; one seen from two accounts belongs to its
 * owner.
 */
async function withEarlierGroups(
  { history }: RemediationContext,
  { call, subject }: Inspection,
  groups: FoundGroup[],
): Promise<Found> {
  if (subject.groupIds.length > 0 || subject.groupName !== null) return { groups, failed: [] };
  const once = (places: FoundGroup[]) => [...new Map(places.map((each) => [each.groupId, each])).values()];
  const now = once(groups);
  try {
    const list = isByResolver(call) ? `/${subject.prefixListId}` : '';
    const all = await history.found({ eventId: call.eventId + list }, now);
    const earlier = all.filter(({ groupId }) => !now.some((each) => each.groupId === groupId));
    return { groups: [...now, ...once(earlier)], failed: [] };
  } catch (error) {
    return { groups: now, failed: [async () => Promise.reject(error)] };
  }
}

/** One such call can affect several prefix lists, each in its own Region. */
function isByResolver({ eventName }: ApiCall): boolean {
  return eventName?.includes('IpamPrefixListResolver') ?? false;
}

function groupTask(
  { call, subject, own, failed, tagChanges }: Inspection,
  account: string,
  groupId: string,
): Task {
  const isNamed = subject.groupIds.includes(groupId) && !failed;
  const tags = tagChanges.filter((change) => change.groupId === groupId);
  return {
    ...{ call, account, groupId, ruleIds: subject.ruleIds, own, retagged: tagChanges.length > 0 },
    expected: isNamed ? { ruleIds: subject.ruleIds, edits: subject.edits, tags } : expectNothing,
    scheduled: false,
    lag: isByResolver(call) ? resolverLag : failed ? failureLag : 0,
  };
}

/** A role that cannot be assumed, or a failed call, is the result of that group only. */
export function taskFor(context: RemediationContext, connect: Connect, task: Task): RemediationTask {
  return async () => {
    try {
      return await remediate(context, await connect(task.account, task.call), task);
    } catch (error) {
      return stopped(error, task.account, task.groupId);
    }
  };
}

/** The groups of the caller's account, and the result when there are none. */
async function groupsOf(
  context: RemediationContext,
  member: Member,
  call: ApiCall,
  { groupIds, groupName, prefixListId }: EventSubject,
): Promise<{ groupIds: string[]; idle: Remediation }> {
  const { account, region } = call;
  const clean = (reason: string) => untouched('clean', reason, account);
  if (groupIds.length > 0) return { groupIds, idle: clean('') };
  if (prefixListId !== null) {
    const idle = clean(`no group allows ingress from prefix list ${prefixListId}`);
    return { groupIds: await findUsers(member, prefixListId), idle };
  }
  if (groupName !== null) {
    const idle = untouched('group-gone', `no group is named ${groupName}`, account);
    return { groupIds: await findGroups(member, groupName), idle };
  }
  const idle = clean(`CloudTrail left out what the call named; no group of ${region} violates the policy`);
  return { groupIds: await suspectsOf(context, member, call), idle };
}

/** Every group of a Region that violates or may violate the policy. Each is read and evaluated again before any act. */
async function suspectsOf(
  { policyContext, clock }: RemediationContext,
  member: Member,
  call: ApiCall,
): Promise<string[]> {
  const { account, region } = call;
  const groups = await readEveryGroup(member);
  const prefixLists = await resolvePrefixLists(
    member,
    groups.flatMap(({ rules }) => rules),
    clock,
    coveredFrom(policyContext, account, call),
  );
  const situation = { account, region, accounts: policyContext.accounts, prefixLists, now: clock.now() };
  const suspects = groups.filter(({ group, rules }) =>
    evaluate(policyContext.policy, group, rules, situation).some(({ verdict }) =>
      ['violation', 'undecided'].includes(verdict),
    ),
  );
  return suspects.map(({ group }) => group.id);
}

/** The groups of other accounts that use a shared prefix list. When they cannot be listed, a task reports it. */
async function groupsOfOtherAccounts(member: Member, { call, subject }: Inspection): Promise<Found> {
  if (subject.prefixListId === null) return { groups: [], failed: [] };
  try {
    return { groups: await findUsersElsewhere(member, subject.prefixListId, call.account), failed: [] };
  } catch (error) {
    const { failure, ...result } = stopped(error, call.account, null);
    const reason = `groups of other accounts that use ${subject.prefixListId} could not be listed: ${describeError(error)}`;
    return { groups: [], failed: [async () => ({ ...result, reason, failure })] };
  }
}
