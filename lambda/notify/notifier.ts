import type { Sessions } from '../aws/credentials.ts';
import type { Environment } from '../aws/environment.ts';
import { describeError } from '../aws/errors.ts';
import type { Log } from '../aws/log.ts';
import type { Announcement } from '../contract/announcement.ts';
import type { Channel, Notification, RemediationResult } from '../contract/result.ts';
import { createSecurityHub } from './security-hub/channel.ts';
import { createSlack, type SlackContext } from './slack/channel.ts';
import { createTopic } from './sns.ts';

/**
 * Notifies people on every channel at once, within 8 seconds. A failing channel does not affect the others; its failure
 * is part of the answer, never an exception.
 */
export interface Notifier {
  notify(result: RemediationResult): Promise<Notification>;
  announce(announcement: Announcement): Promise<Notification>;
}

export interface NotifierContext extends SlackContext {
  cloud: SlackContext['cloud'] & Parameters<typeof createTopic>[0] & Parameters<typeof createSecurityHub>[0];
  environment: Pick<Environment, 'partition' | 'slackSecretArn' | 'topicArn' | 'securityHub'>;
}

/** `sessions` are those of the remediation role, which alone may import findings in a member account. */
export function createNotifier(context: NotifierContext, sessions: Pick<Sessions, 'of'>): Notifier {
  const { cloud, environment, log } = context;
  const { partition, slackSecretArn, topicArn, securityHub: on } = environment;
  const slack = createSlack(context, slackSecretArn, partition);
  const topic = createTopic(cloud, topicArn);
  const securityHub = createSecurityHub(cloud, sessions, { on, partition });
  const findings = on ? 'not-needed' : 'not-configured';
  return {
    notify: (result) =>
      together(log, {
        slack: () => slack.notify(result),
        sns: () => topic.notify(result),
        securityHub: () => securityHub.notify(result),
      }),
    announce: (announcement) =>
      together(log, {
        slack: () => slack.announce(announcement),
        sns: () => topic.announce(announcement),
        securityHub: async () => ({ status: findings }),
      }),
  };
}

/**
 * Whether any channel delivered the message, or none is configured; else it must be tried again. A folded message
 * names no group, so it counts as not delivered.
 */
export function isDelivered(notification: Notification): boolean {
  const channels = [notification.slack, notification.sns].map(({ status }) => status);
  return channels.includes('sent') || !channels.some((status) => status === 'failed' || status === 'folded');
}

async function together(
  log: Log,
  channels: Record<keyof Notification, () => Promise<Channel>>,
): Promise<Notification> {
  const [slack, sns, securityHub] = await Promise.all([
    alone(log, 'slack', channels.slack),
    alone(log, 'sns', channels.sns),
    alone(log, 'securityHub', channels.securityHub),
  ]);
  return { slack, sns, securityHub };
}

/** An unexpected error of a channel must not keep the result from the org bus. */
async function alone(log: Log, channel: string, tell: () => Promise<Channel>): Promise<Channel> {
  try {
    return await tell();
  } catch (error) {
    log('notification-failed', { channel, error: describeError(error) });
    return { status: 'failed', error: 'an error within Portcullis; its log says which' };
  }
}
