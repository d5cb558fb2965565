import type { Sessions } from '../aws/credentials.ts';
import type { Environment } from '../aws/environment.ts';
import { describeError } from '../aws/errors.ts';
import type { Log } from '../aws/log.ts';
import type { Announcement } from '../contract/announcement.ts';
import type { Channel, Notification, RemediationResult } from '../contract/result.ts';
import { type NotificationChannel, notConfigured } from './message/channel.ts';
import { createSecurityHub } from './security-hub/channel.ts';
import { createSlack, type SlackContext } from './slack/channel.ts';
import { createTopic } from './sns.ts';

export interface NotifierContext extends SlackContext {
  cloud: SlackContext['cloud'] & Parameters<typeof createTopic>[0] & Parameters<typeof createSecurityHub>[0];
  environment: Pick<Environment, 'partition' | 'slackSecretArn' | 'topicArn' | 'securityHub'>;
}

export type Notifier = ReturnType<typeof createNotifier>;

/**
 * Notifies people on every channel at once, within 8 seconds. A failing channel does not affect the others. `sessions`
 * are those of the remediation role, which alone may import findings in a member account.
 */
export function createNotifier(context: NotifierContext, sessions: Pick<Sessions, 'of'>) {
  const { cloud, environment, log } = context;
  const { partition, slackSecretArn, topicArn } = environment;
  const slack = slackSecretArn === null ? notConfigured : createSlack(context, slackSecretArn, partition);
  const topic = topicArn === null ? notConfigured : createTopic(cloud, topicArn);
  const hub = environment.securityHub ? createSecurityHub(cloud, sessions, partition) : notConfigured;
  async function onEach(send: (channel: NotificationChannel) => Promise<Channel>): Promise<Notification> {
    const [slackStatus, sns, securityHub] = await Promise.all([
      alone(log, 'slack', () => send(slack)),
      alone(log, 'sns', () => send(topic)),
      alone(log, 'securityHub', () => send(hub)),
    ]);
    return { slack: slackStatus, sns, securityHub };
  }
  return {
    notify: (result: RemediationResult) => onEach((channel) => channel.notify(result)),
    announce: (announcement: Announcement) => onEach((channel) => channel.announce(announcement)),
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

/** An unexpected error of a channel must not keep the result from the org bus. */
async function alone(log: Log, channel: string, send: () => Promise<Channel>): Promise<Channel> {
  try {
    return await send();
  } catch (error) {
    log('notification-failed', { channel, error: describeError(error) });
    return { status: 'failed', error: 'an error within Portcullis; its log says which' };
  }
}
