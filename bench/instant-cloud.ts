import { readFileSync } from 'node:fs';
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Cloud, Member } from '../lambda/aws/cloud.ts';
import { createHandler } from '../lambda/handler.ts';
import type { Policy } from '../lambda/policy/parse.ts';
import { memoryLedger } from '../test/worlds/memory-cloud.ts';

/** What the event of the bench is about: SSH opened to the world in a group of sixty rules. */
export const groupId = 'sg-0a1b2c3d4e5f60001';
export const openedRuleId = 'sgr-00000000000000001';
export const event: unknown = JSON.parse(
  readFileSync(new URL('../test/fixtures/events/authorize-nested.json', import.meta.url), 'utf8'),
);

const rule = (id: number, change: Partial<SecurityGroupRule>): SecurityGroupRule => {
  const where = { SecurityGroupRuleId: `sgr-0000000000000${1000 + id}`, GroupId: groupId, IsEgress: false };
  return { ...where, IpProtocol: 'tcp', FromPort: 5_000 + id, ToPort: 5_000 + id, ...change };
};
const opened: SecurityGroupRule = {
  ...rule(0, { FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0' }),
  SecurityGroupRuleId: openedRuleId,
};
const others = Array.from({ length: 59 }, (_, id) => rule(id, { CidrIpv4: `10.${id}.0.0/16` }));

/** The group's rules before the revoke. */
export const groupRules: readonly SecurityGroupRule[] = [opened, ...others];

const unexpected = async (): Promise<never> => {
  throw new Error('the bench does not expect this call');
};

/**
 * The remediation handler over a cloud that answers at once. Each call of `open` puts the opened rule back, three days
 * later than before, so that neither the ledger nor the escalation knows of the last time.
 */
export function instantWorld(policy: Policy) {
  const day = 24 * 3_600_000;
  let time = Date.parse('2026-03-02T09:15:10Z');
  let rules = groupRules;
  let revoked = 0;
  const member: Member = {
    describeGroups: async () => ({ items: [{ GroupId: groupId, GroupName: 'web', VpcId: 'vpc-1' }] }),
    describeRules: async () => ({ items: [...rules] }),
    describePrefixList: unexpected,
    prefixListEntries: unexpected,
    prefixListAssociations: unexpected,
    resolverTargets: unexpected,
    authorizeIngress: unexpected,
    importFindings: unexpected,
    async revokeIngress(_, ruleIds) {
      rules = rules.filter(({ SecurityGroupRuleId = '' }) => !ruleIds.includes(SecurityGroupRuleId));
      revoked += ruleIds.length;
    },
  };
  const session = { accessKeyId: 'key', secretAccessKey: 'secret', sessionToken: 'token' };
  const cloud: Cloud = {
    assumeRole: async () => ({ ...session, expiration: new Date('2300-01-01') }),
    member: () => member,
    putEvent: async () => ({ EventId: 'published' }),
    readSecret: unexpected,
    publish: unexpected,
  };
  const clock = { now: () => new Date(time), sleep: unexpected };
  const handler = createHandler({
    policy,
    environment: {
      busArn: 'arn:aws:events:eu-west-1:222222222222:event-bus/portcullis',
      hubRegion: 'eu-west-1',
      partition: 'aws',
      remediationRole: 'portcullis-remediation',
      table: 'portcullis',
      slackSecretArn: null,
      topicArn: null,
      securityHub: false,
    },
    cloud,
    ledger: memoryLedger(clock.now),
    fetch: unexpected,
    clock,
    log: (step, facts) => JSON.stringify({ step, ...facts }),
  });
  return {
    handler,
    open() {
      rules = groupRules;
      time += 3 * day;
    },
    revoked: () => revoked,
  };
}
