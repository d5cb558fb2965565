import { CreateTopicCommand, SNSClient } from '@aws-sdk/client-sns';
import type { Aws } from '../../../controlplane/aws/clients.ts';
import type { CoverageNotice, CoverageStore } from '../../../controlplane/store/fleet/coverage.ts';
import type { Logger } from '../../../controlplane/telemetry/log.ts';
import { coverageAnnouncer } from '../../../controlplane/trails/announcer.ts';
import type { World } from '../../../sandbox/demo/world.ts';
import { hub, member, topicArn } from '../../worlds/least-privilege.ts';

const notice: CoverageNotice = {
  id: '0b6bbd4c-7a35-4f1f-9c0a-0d6e5a1f2b3c',
  theme: 'lost',
  notified: [],
  event: {
    schemaVersion: 1,
    id: '0b6bbd4c-7a35-4f1f-9c0a-0d6e5a1f2b3c',
    time: '2026-03-02T09:15:05.000Z',
    change: 'lost',
    account: member.accountId,
    accountName: 'shop',
    summary: 'test',
    regions: [],
  },
};

const coverage: CoverageStore = {
  known: async () => [],
  observe: async () => undefined,
  pending: async () => [notice],
  notified: async () => undefined,
  done: async () => undefined,
  notifiedLately: async () => 0,
};

/** What keeps the control plane from telling the org bus and the topic of a change of coverage. */
export async function failuresToTell(
  world: World,
  aws: Pick<Aws, 'eventBridge' | 'sns'>,
): Promise<unknown[]> {
  const Name = topicArn.split(':').at(-1);
  await new SNSClient(world.sandbox.root(hub.accountId, hub.region)).send(new CreateTopicCommand({ Name }));
  const failures: unknown[] = [];
  const log = {
    error: ({ error }: { error?: unknown }) => error && failures.push(error),
    info: () => undefined,
  } as unknown as Logger;
  const settings = { hub, alarmTopicArn: undefined, notificationTopicArn: topicArn };
  const account = { id: member.accountId, name: 'shop' };
  await coverageAnnouncer({ store: { coverage }, aws, settings, log })(account, [], []);
  return failures;
}
