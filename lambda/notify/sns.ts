import { hash } from 'node:crypto';
import type { MessageAttributeValue, PublishCommandInput } from '@aws-sdk/client-sns';
import type { Cloud } from '../aws/cloud.ts';
import { inTime } from '../aws/deadline.ts';
import { describeError, errorClassOf } from '../aws/errors.ts';
import { type Announcement, announcementDetailType } from '../contract/announcement.ts';
import { type Channel, type RemediationResult, resultDetailType } from '../contract/result.ts';
import { announcementTitle } from './message/announcement.ts';
import type { NotificationChannel } from './message/channel.ts';
import { plain } from './message/text.ts';
import { gravest, titleOf } from './message/title.ts';
import { withinLimit } from './publish.ts';

type Message = Omit<PublishCommandInput, 'TopicArn'> & { about: string; once: string };

/** Milliseconds for all tries of a message. */
const patience = 7_000;

/**
 * The message is the result event's detail without `notification`, which is not known yet, or an announcement's detail.
 * Subscriptions filter by its attributes: detailType, outcome, account, region, severity and policyRule (a
 * String.Array); for an announcement detailType, exception and state. A FIFO topic keeps the order within a group and
 * drops a replay within five minutes.
 */
export function createTopic(cloud: Pick<Cloud, 'publish'>, TopicArn: string): NotificationChannel {
  const publish = async ({ about, once, ...message }: Message): Promise<Channel> => {
    const fifo = { MessageGroupId: orderOf(about), MessageDeduplicationId: digest(once) };
    try {
      const sent = { TopicArn, ...message, ...(TopicArn.endsWith('.fifo') && fifo) };
      await inTime(cloud.publish(sent), patience);
      return { status: 'sent' };
    } catch (error) {
      const why = describeError(error);
      const denied = errorClassOf(error) === 'access-denied' || why.startsWith('AuthorizationError');
      return { status: 'failed', error: denied ? `the topic may not be published to: ${why}` : why };
    }
  };
  return {
    async notify(result) {
      const title = titleOf(result);
      return title ? publish(resultMessage(result, title)) : { status: 'not-needed' };
    },
    announce: async (announcement) => publish(announcementMessage(announcement)),
  };
}

function resultMessage(result: RemediationResult, title: string): Message {
  const { account, region, groupId, eventId, outcome, findings } = result;
  const { notification: _, ...published } = withinLimit(result);
  const policyRules = [...new Set(findings.map(({ policyRule }) => policyRule))].slice(0, 100);
  return {
    Subject: subject(`Portcullis: ${title}: ${groupId ?? 'unknown group'} in ${account} ${region}`),
    Message: JSON.stringify(published),
    MessageAttributes: attributes({
      detailType: resultDetailType,
      outcome,
      account,
      region,
      severity: gravest(result) ?? '',
      policyRule: policyRules,
    }),
    about: `${account}/${region}/${groupId}`,
    once: `${eventId}/${account}/${groupId}/${outcome}`,
  };
}

function announcementMessage(announcement: Announcement): Message {
  const { name, state, expires } = announcement;
  return {
    Subject: subject(`Portcullis: ${announcementTitle(announcement)}`),
    Message: JSON.stringify(announcement),
    MessageAttributes: attributes({ detailType: announcementDetailType, exception: name, state }),
    about: `exception/${name}`,
    once: `${name}/${expires}/${state}`,
  };
}

/** At most 100 printable ASCII characters; https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
function subject(text: string): string {
  return plain(text)
    .replace(/[^ -~]/g, '?')
    .slice(0, 100)
    .trim();
}

/** SNS refuses an attribute without a value, so it is left out. */
function attributes(values: Record<string, string | string[]>): Record<string, MessageAttributeValue> {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]): [string, MessageAttributeValue][] => {
      if (value.length === 0) return [];
      const isList = Array.isArray(value);
      const StringValue = isList ? JSON.stringify(value) : value;
      return [[name, { DataType: isList ? 'String.Array' : 'String', StringValue }]];
    }),
  );
}

/** A message group's id has at most 128 letters, digits and punctuation marks. */
function orderOf(about: string): string {
  return /^[!-~]{1,128}$/.test(about) ? about : digest(about);
}

const digest = (text: string): string => hash('sha256', text);
