import { readFileSync } from 'node:fs';
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import { expect, it } from 'vitest';
import { createWorld, openRule } from '../../../worlds/lambda.ts';

/** Inputs that once went wrong, each given to the handler as it is. */
const load = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/cases/${name}.json`, import.meta.url), 'utf8'));

it('closes what a call opened that ended with Server.InternalError', async () => {
  const event = load('authorize-server-error.event');
  const { groupId } = event.detail.requestParameters;
  const world = createWorld();
  world.addGroup(groupId, [openRule(1)]);
  await world.handler(event);
  expect(world.groups.get(groupId)).toEqual([]);
  expect(world.published).toMatchObject([{ outcome: 'remediated', groupId }]);
});

it('closes what an edit opened and the first reading does not show', async () => {
  const { firstReading, laterReadings, event } = load('modify-stale-read');
  const { GroupId } = event.detail.requestParameters.ModifySecurityGroupRulesRequest;
  const world = createWorld();
  world.groups.set(GroupId, firstReading);
  let reads = 0;
  world.before.set('describeRules', () => {
    reads += 1;
    if (reads === 2) world.groups.set(GroupId, laterReadings);
  });
  await world.handler(event);
  expect(world.groups.get(GroupId)).toEqual([]);
  expect(world.published).toMatchObject([{ outcome: 'remediated', groupId: GroupId }]);
});

it('reports an edit that no reading shows within 5 s, and evaluates what is there', async () => {
  const { firstReading, event } = load('modify-stale-read');
  const world = createWorld();
  const start = world.time;
  world.groups.set(firstReading[0].GroupId, firstReading);
  await world.handler(event);
  expect(world.time - start).toBe(5_000);
  expect(world.published).toMatchObject([
    {
      outcome: 'clean',
      disagreements: [
        { of: 'sgr-0aaaaaaaaaaaaaaa1', event: 'tcp 22 22 0.0.0.0/0', read: 'tcp 22 22 10.0.0.0/8' },
      ],
    },
  ]);
  expect(world.log.join()).toContain('read-disagrees');
});

it('leaves a prefix list of an outsider undecided, and closes what its owner adds', async () => {
  const { listBefore, rule } = load('prefix-list-of-outsider');
  const { PrefixListId, OwnerId: owner, entries: cidrs } = listBefore;
  const [OwnerId] = owner.split(' ');
  const listed: Partial<SecurityGroupRule> = { ...rule, CidrIpv4: undefined };
  const opened = openRule(1, { ...listed, FromPort: -1, ToPort: -1 });
  const groupId = opened.GroupId ?? '';
  const world = createWorld({ rules: [opened] });
  world.prefixLists.set(PrefixListId, { OwnerId, cidrs });
  await world.handler(load('../events/authorize-prefix-list'));
  const reason = expect.stringMatching(/belongs to account 999999999999.*no event tells/);
  expect(world.published).toMatchObject([{ outcome: 'undecided', groupId, undecided: [{ reason }] }]);
  await world.schedule(300);
  expect(world.published).toHaveLength(1);
  expect(world.slack.posts).toHaveLength(1);
  world.prefixLists.set(PrefixListId, { OwnerId, cidrs: [...cidrs, '0.0.0.0/0'] });
  await world.schedule(80);
  expect(world.groups.get(groupId)).toEqual([]);
  expect(world.published).toMatchObject([{}, { outcome: 'remediated', groupId }]);
  await world.schedule(80);
  expect(await world.rechecks()).toEqual([]);
});
