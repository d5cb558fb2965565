import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EC2 } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect } from 'vitest';
import { type Delivery, type Sandbox, startSandbox } from '../../../../sandbox/sandbox.ts';
import * as path from './path.ts';

/** What a test file has of its sandbox, once its tests run. */
export interface Stage {
  sandbox: Sandbox;
  way: ReturnType<typeof path.deliveryPath>;
  /** A group on which the function acts, and one on which it fails. */
  group: string;
  poison: string;
  ec2: EC2;
}

/** Starts a sandbox with a delivery path for the tests of a file; the queues are empty at the start of each. */
export function useDeliveryPath(): Stage {
  const stage = {} as Stage;
  let directory: string;
  beforeAll(async () => {
    const sandbox = await startSandbox({ retryDelay: 10 });
    stage.sandbox = sandbox;
    directory = await mkdtemp(join(tmpdir(), 'portcullis-delivery-'));
    stage.way = path.deliveryPath(sandbox, join(directory, 'invocations'));
    stage.ec2 = new EC2(sandbox.root(path.member, path.memberRegion));
    const create = async (GroupName: string): Promise<string> =>
      (await stage.ec2.createSecurityGroup({ GroupName, Description: 'test' })).GroupId ?? '';
    stage.group = await create('good');
    stage.poison = await create('poison');
    await stage.way.build(stage.poison);
  });
  beforeEach(async () => {
    await stage.sandbox.idle();
    for (const queue of [path.inbox, path.hubDead, path.memberDead]) await stage.way.drain(queue);
  });
  afterAll(async () => {
    await stage.sandbox?.stop();
    if (directory) await rm(directory, { recursive: true });
  });
  return stage;
}

let port = 1000;

/** Opens a port, waits until its event is done with, and returns what the journal says of it. */
export async function open(stage: Stage, GroupId = stage.group, client = stage.ec2): Promise<Delivery[]> {
  const before = stage.sandbox.deliveries().length;
  const rule = { IpProtocol: 'tcp', FromPort: ++port, ToPort: port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] };
  await client.authorizeSecurityGroupIngress({ GroupId, IpPermissions: [rule] });
  await stage.sandbox.idle();
  return stage.sandbox.deliveries().slice(before);
}

/** The outcomes, by target. */
export const summary = (entries: Delivery[]) =>
  entries
    .map(({ target, outcome, reason }) => ({ target, outcome, reason }))
    .sort((a, b) => a.target.localeCompare(b.target));

/** The attributes of the one message in a dead-letter queue. */
export async function letter(stage: Stage, queue: string): Promise<Record<string, string | undefined>> {
  const messages = await stage.way.drain(queue);
  expect(messages).toHaveLength(1);
  const attributes = messages[0]?.MessageAttributes ?? {};
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, value.StringValue]));
}
