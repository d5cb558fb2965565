import { ailmentOf, describeError } from './ailment.ts';
import type { Cloud, Member } from './cloud.ts';
import { createSessions } from './credentials.ts';
import type { Environment } from './environment.ts';
import { type ApiCall, readEvent } from './event.ts';
import { type Policy, policyDigest } from './grammar.ts';
import { findGroups, findUsers } from './group.ts';
import type { Ledger } from './ledger.ts';
import type { Log } from './log.ts';
import { createNotifier } from './notify.ts';
import type { Named } from './parameters.ts';
import { publishResult } from './publish.ts';
import { type Remediation, remediate, stopped, untouched } from './remediate.ts';
import type { RemediationResult } from './result.ts';
import type { Clock } from './revoke.ts';
import type { AccountFacts } from './security-group.ts';
import type { Fetch } from './slack.ts';

/** All that the handler touches, so that a test can bring its own world. */
export interface Parts {
  policy: Policy;
  /** What the policy's scopes may ask of an account, by its id; an account without is in doubt there. */
  accounts?: Readonly<Record<string, AccountFacts>>;
  environment: Environment;
  cloud: Cloud;
  ledger: Ledger;
  fetch: Fetch;
  clock: Clock;
  log: Log;
}

export type Handler = (event: unknown) => Promise<RemediationResult[]>;

/**
 * The remediation of one EventBridge event: one result for each security group it names, on the org bus and as
 * the answer. Idempotent under replays and concurrent calls. Rejects, for Lambda to try again and in the end to
 * dead-letter the event, where something can heal, was denied or failed; the last two publish their result first.
 */
export function createHandler(parts: Parts): Handler {
  const { policy, accounts = {}, environment, cloud, clock, log } = parts;
  const role = { partition: environment.partition, name: environment.remediationRole };
  const sessions = createSessions(cloud, role, clock.now);
  const report = createReport(parts);

  async function connect(call: ApiCall): Promise<Member> {
    return cloud.member(call.region, await sessions.of(call.account, call.eventId));
  }

  /** One act for each group the event names; what keeps them from being found is an act's result as well. */
  async function plan(call: ApiCall, named: Named): Promise<(() => Promise<Remediation>)[]> {
    try {
      const member = await connect(call);
      const groupIds = await groupsOf(member, named);
      if (groupIds.length === 0) return [async () => groupless(named)];
      const situation = { account: call.account, region: call.region, accounts };
      const target = { ruleIds: named.ruleIds, situation };
      return groupIds.map((groupId) => () => remediate(member, policy, { ...target, groupId }, clock, log));
    } catch (error) {
      return [async () => stopped(error, named.groupIds[0] ?? null)];
    }
  }

  return async (event) => {
    const receivedAt = clock.now();
    const reading = readEvent(event, environment.remediationRole);
    const { call } = reading;
    log('received', { ...call, kind: reading.kind });
    const acts =
      reading.kind === 'look'
        ? await plan(call, reading.named)
        : [async () => untouched(reading.kind, reading.reason)];
    const failures: unknown[] = [];
    const each = async <From, To>(items: From[], work: (item: From) => Promise<To>): Promise<To[]> => {
      const done: To[] = [];
      for (const item of items) {
        try {
          done.push(await work(item));
        } catch (error) {
          failures.push(error);
        }
      }
      return done;
    };
    // Every group first: telling of one, with Slack slow or broken, must not hold up the revoke in the next.
    const remediations = await each(acts, (act) => act());
    const results = await each(remediations, (one) => report(call, one, receivedAt));
    failures.push(...remediations.flatMap(({ failure }) => (failure === undefined ? [] : [failure])));
    if (failures.length === 0) return results;
    sessions.forget(call.account);
    throw asError(call, failures[0], log);
  };
}

async function groupsOf(member: Member, named: Named): Promise<string[]> {
  if (named.groupIds.length > 0) return named.groupIds;
  if (named.prefixListId !== null) return findUsers(member, named.prefixListId);
  return findGroups(member, named.groupName ?? '');
}

function groupless({ prefixListId, groupName }: Named): Remediation {
  if (prefixListId === null) return untouched('group-gone', `no group is named ${groupName}`);
  return untouched('clean', `no group lets prefix list ${prefixListId} in`);
}

/** People, then the org bus. A result that the bus did not take is kept and sent when the event comes again. */
function createReport(parts: Parts) {
  const { policy, environment, cloud, clock, log } = parts;
  const digest = policyDigest(policy);
  const notifier = createNotifier(parts);
  const unpublished = new Map<string, RemediationResult>();

  return async (call: ApiCall, remediation: Remediation, receivedAt: Date): Promise<RemediationResult> => {
    const result = compose(call, remediation, { digest, receivedAt, time: clock.now() });
    const key = `${result.eventId} ${result.groupId}`;
    const earlier = unpublished.get(key);
    if (earlier) await publishResult(cloud, environment.busArn, earlier, clock);
    unpublished.delete(key);
    const told = { ...result, notification: await notifier.notify(result) };
    log('result', told);
    try {
      return await publishResult(cloud, environment.busArn, told, clock);
    } catch (error) {
      unpublished.set(key, told);
      throw error;
    }
  };
}

function compose(
  call: ApiCall,
  remediation: Remediation,
  { digest, receivedAt, time }: { digest: string; receivedAt: Date; time: Date },
): RemediationResult {
  const { failure: _, revokedAt, ...judged } = remediation;
  const { eventTime, ...origin } = call;
  return {
    schemaVersion: 1,
    ...origin,
    time: time.toISOString(),
    ...judged,
    policyDigest: digest,
    omitted: 0,
    notification: {
      slack: { status: 'not-needed' },
      sns: { status: 'not-needed' },
      securityHub: { status: 'not-needed' },
    },
    timeline: {
      eventTime,
      receivedAt: receivedAt.toISOString(),
      revokedAt: revokedAt?.toISOString() ?? null,
    },
  };
}

/** The error that ends the invocation: Lambda puts its message beside the event on the dead-letter queue. */
function asError(call: ApiCall, cause: unknown, log: Log): Error {
  const ailment = ailmentOf(cause);
  const next = ailment === 'heals' ? 'to be retried' : ailment;
  const message = `${next}: ${call.eventName} ${call.eventId} in ${call.account} ${call.region}: ${describeError(cause)}`;
  log('error', { eventId: call.eventId, message });
  return new Error(message, { cause });
}
