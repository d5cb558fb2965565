import { readFileSync } from 'node:fs';
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Clock } from '../../lambda/aws/clock.ts';
import { createHandler } from '../../lambda/handler.ts';
import type { Fetch } from '../../lambda/notify/slack/post.ts';
import type { Accounts } from '../../lambda/policy/account-facts.ts';
import { parsePolicy } from '../../lambda/policy/parse.ts';
import {
  busArn,
  type Call,
  cloudState,
  groupId,
  type MemoryLedger,
  memoryCloud,
  memoryLedger,
  type PrefixList,
  prefixListId,
  rulesOf,
} from './memory-cloud.ts';
import { worldOpen } from './policy-sample.ts';

export { awsError, groupId, prefixListId } from './memory-cloud.ts';

const events = new URL('../fixtures/events/', import.meta.url);
const slackSecretArn = 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack';
export const otherGroupId = 'sg-0a1b2c3d4e5f60002';

export function fixture(name: string): Record<string, unknown> & { id: string } {
  return JSON.parse(readFileSync(new URL(`${name}.json`, events), 'utf8'));
}

/** The call that opened SSH to the world in the group. */
export const ssh = fixture('authorize-nested');

export function openRule(id: number, change: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  const where = { SecurityGroupRuleId: `sgr-0000000000000000${id}`, GroupId: groupId, IsEgress: false };
  return { ...where, IpProtocol: 'tcp', FromPort: 22, ToPort: 22, CidrIpv4: '0.0.0.0/0', ...change };
}

/** A rule whose source is the prefix list. */
export function listRule(id: number, change: Partial<SecurityGroupRule> = {}): SecurityGroupRule {
  return openRule(id, { CidrIpv4: undefined, PrefixListId: prefixListId, ...change });
}

/** An invocation by the schedule. */
export const scheduled = (id: string) => ({
  ...{ version: '0', id, source: 'aws.events', 'detail-type': 'Scheduled Event' },
  ...{ account: '222222222222', region: 'eu-west-1', time: '2026-03-02T10:00:00Z' },
  ...{ resources: ['arn:aws:events:eu-west-1:222222222222:rule/portcullis-schedule'], detail: {} },
});

export type World = ReturnType<typeof createWorld>;

/** The world after one event. */
export async function afterEvent(event: object, settings: Parameters<typeof createWorld>[0] = {}) {
  const world = createWorld(settings);
  await world.handler(event);
  return world;
}

/** An organization of one group in 300000000001 eu-west-1, a bus, a Slack, and calls that a test can make fail. */
export function createWorld({
  mode = 'revoke',
  cap = '',
  slack = slackSecretArn as string | null,
  policy = parsePolicy(worldOpen.replace('mode: revoke', `mode: ${mode}`) + (cap && `mode: ${cap}\n`)),
  accounts = {} as Accounts,
  list = undefined as PrefixList | undefined,
  rules = undefined as SecurityGroupRule[] | undefined,
  tags = [] as { Key: string; Value: string }[],
  topicArn = null as string | null,
  securityHub = false,
  fetch = undefined as Fetch | undefined,
  clock = undefined as Clock | undefined,
  ledger = undefined as MemoryLedger | undefined,
} = {}) {
  const failures: { call: Call; error: Error; from: number }[] = [];
  const counts = new Map<string, number>();
  const world = {
    ...cloudState(rules ?? [list ? listRule(1) : openRule(1)], tags, list),
    slack: { posts: [] as string[], answers: [] as (number | Error)[] },
    log: [] as string[],
    ledger: ledger ?? memoryLedger((): Date => new Date(world.time)),
    before: new Map<string, () => void>(),
    /** The nth call of a kind (from 1) fails once, or every call does. */
    fail: (call: Call, error: Error, nth?: number) => failures.push({ call, error, from: nth ?? 0 }),
  };
  const enter = (call: Call) => {
    const count = (counts.get(call) ?? 0) + 1;
    counts.set(call, count);
    world.before.get(call)?.();
    const failure = failures.find((each) => each.call === call && (each.from === 0 || each.from === count));
    if (failure) throw failure.error;
  };
  const handler = createHandler({
    policy,
    accounts,
    environment: {
      busArn,
      hubRegion: 'eu-west-1',
      partition: 'aws',
      remediationRole: 'portcullis-remediation',
      table: 'portcullis',
      slackSecretArn: slack,
      topicArn,
      securityHub,
    },
    cloud: memoryCloud(world, enter),
    ledger: world.ledger,
    fetch:
      fetch ??
      (async (_, { body }) => {
        const answer = world.slack.answers.shift() ?? 200;
        if (answer instanceof Error) throw answer;
        if (answer === 200) world.slack.posts.push(String(body));
        return new Response('ok', { status: answer });
      }),
    clock: clock ?? {
      now: () => new Date(world.time),
      sleep: async (milliseconds) => {
        world.time += milliseconds;
      },
    },
    log: (step, facts) => world.log.push(JSON.stringify({ step, ...facts })),
  });
  return Object.assign(world, {
    handler,
    ruleIds: () => rulesOf(world, groupId).map((rule) => rule.SecurityGroupRuleId),
    outcomes: () => world.published.map(({ outcome }) => outcome),
    /** Another group, of another account if that is given. */
    addGroup(id: string, opened: SecurityGroupRule[], { name = 'web', owner = '' } = {}) {
      world.groups.set(
        id,
        opened.map((rule) => ({ ...rule, GroupId: id })),
      );
      world.names.set(id, name);
      if (owner) world.owners.set(id, owner);
    },
    /** Opens the group again, by rule n where no rules are given, and handles the event of that call. */
    reopen(nth: number, opened = [openRule(nth)]) {
      world.groups.set(groupId, opened);
      return handler({ ...ssh, id: `event-${nth}` });
    },
    /** What the ledger has for the schedule to inspect. */
    async rechecks() {
      const keys = world.ledger.keys().filter((key) => key.startsWith('due/'));
      return (await Promise.all(keys.map((key) => world.ledger.members(key)))).flat();
    },
    /** Runs the schedule once a minute for so many minutes, and returns its results. @throws its first error */
    async schedule(minutes: number) {
      const results: Awaited<ReturnType<typeof handler>> = [];
      for (let left = minutes; left > 0; left -= 1) {
        world.time += 60_000;
        results.push(...(await handler(scheduled(`at-${world.time}`))));
      }
      return results;
    },
  });
}
