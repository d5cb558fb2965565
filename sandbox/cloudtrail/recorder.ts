import { randomUUID } from 'node:crypto';
import type { Journal } from '../eventbridge/journal.ts';
import type { Background } from '../gateway/background.ts';
import type { Answer, BusEvent, Call, Interceptor, Publish } from '../gateway/call.ts';
import type { Identities } from '../gateway/identities.ts';
import type { EventHistory } from './history.ts';
import { cloudTrailRecord } from './record.ts';

export type Covering = (
  accountId: string,
  region: string,
) => Promise<{ trailArn: string } | { reason: string }>;

const recorded =
  /^((Authorize|Revoke|UpdateSecurityGroupRuleDescriptions)(SecurityGroup)?(Ingress|Egress)|ModifySecurityGroupRules|(Create|Delete)SecurityGroup|(Create|Modify|Delete)ManagedPrefixList|RestoreManagedPrefixListVersion|(Create|Modify)IpamPrefixListResolver(Target)?|(Create|Delete)Tags)$/;

/**
 * CloudTrail for EC2's writes of security groups, prefix lists and tags: each call, failed ones too, becomes an event
 * on the caller's default bus in that Region if a trail covers it, else a `not-covered` entry. The caller does not wait
 * for it.
 */
export function cloudTrail(given: {
  publish: Publish;
  background: Background;
  journal: Journal;
  identities: Identities;
  covering: Covering;
  /** Receives every record, also without a trail. */
  history: Pick<EventHistory, 'add'>;
}): Interceptor {
  const report = async (call: Call, answer: Answer, time: Date): Promise<void> => {
    const event = await eventOf(call, answer, given.identities, time);
    if (!event) return;
    given.history.add(call.accountId, call.region, event.detail);
    const trail = await given.covering(call.accountId, call.region);
    if ('trailArn' in trail) given.publish(event);
    else given.journal.record(event, { rule: '', target: '' }, 'not-covered', trail.reason);
  };
  return {
    name: 'cloudtrail',
    matches: (call) => call.service === 'ec2' && recorded.test(call.action),
    async handle(call, forward) {
      const time = new Date();
      const answer = await forward();
      given.background.follow(() => report(call, answer, time));
      return answer;
    },
  };
}

async function eventOf(
  call: Call,
  answer: Answer,
  identities: Identities,
  time: Date,
): Promise<(BusEvent & { detail: Record<string, unknown> }) | null> {
  const identity = await identities(call.accessKeyId);
  if (!identity) return null;
  const eventTime = `${time.toISOString().slice(0, 19)}Z`;
  const detail = cloudTrailRecord({
    action: call.action,
    region: call.region,
    parameters: call.parameters,
    status: answer.status,
    answer: answer.body.toString(),
    identity,
    accessKeyId: call.accessKeyId,
    userAgent: call.headers['user-agent'] ?? '',
    sourceAddress: call.sourceAddress,
    host: call.headers.host ?? '',
    eventId: randomUUID(),
    time: eventTime,
  });
  if (!detail) return null;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'AWS API Call via CloudTrail',
    source: 'aws.ec2',
    account: call.accountId,
    time: eventTime,
    region: call.region,
    resources: [],
    detail,
  };
}
