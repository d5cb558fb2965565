import { createHash } from 'node:crypto';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { PublishCommand } from '@aws-sdk/client-sns';
import { resultSource } from '../../lambda/contract/result.ts';
import { names } from '../../programs/names.ts';
import type { Uses } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import { type CoverageEvent, coverageDetailType } from '../stacks/coverage-event.ts';
import type { RegionCoverage } from '../stacks/trail-check.ts';
import type { CoverageNotice } from '../store/fleet/coverage.ts';

/** Receives an account's Regions before and after each inspection of its trails. */
export type CoverageAnnouncer = (
  account: { readonly id: string; readonly name: string },
  before: readonly RegionCoverage[],
  after: readonly RegionCoverage[],
) => Promise<void>;

type AnnouncerContext = Uses<{
  store: 'coverage';
  aws: 'eventBridge' | 'sns';
  settings: 'hub' | 'alarmTopicArn' | 'notificationTopicArn';
  log: true;
}>;

/** A stopped organization trail gives thousands of notices: a topic gets only these, the bus all. */
const messagesOfATheme = 5;
const themeMinutes = 15;

async function putEvent({ aws, settings }: AnnouncerContext, event: CoverageEvent): Promise<void> {
  const { accountId, region } = settings.hub;
  const client = await aws.eventBridge(accountId, region);
  const entry = {
    EventBusName: names.bus,
    Source: resultSource,
    DetailType: coverageDetailType,
    Detail: JSON.stringify(event),
  };
  const { Entries = [] } = await client.send(new PutEventsCommand({ Entries: [entry] }));
  const [answer] = Entries;
  if (answer?.ErrorCode) throw new Error(`${answer.ErrorCode}: ${answer.ErrorMessage ?? ''}`);
}

/** At most 100 printable ASCII characters; source: Publish, SNS API reference. */
const subjectOf = ({ change, accountName, account }: CoverageEvent): string =>
  `Portcullis: coverage ${change} in ${account} ${accountName}`.replace(/[^ -~]/g, '?').slice(0, 100);

async function publish(
  { aws, settings }: AnnouncerContext,
  topicArn: string,
  event: CoverageEvent,
): Promise<void> {
  const client = await aws.sns(settings.hub.accountId, topicArn.split(':')[3] ?? settings.hub.region);
  const text = (StringValue: string) => ({ DataType: 'String', StringValue });
  const fifo = {
    MessageGroupId: `coverage-${event.account}`,
    MessageDeduplicationId: createHash('sha256').update(event.id).digest('hex'),
  };
  await client.send(
    new PublishCommand({
      TopicArn: topicArn,
      Subject: subjectOf(event),
      Message: JSON.stringify(event),
      MessageAttributes: {
        detailType: text(coverageDetailType),
        change: text(event.change),
        account: text(event.account),
      },
      ...(topicArn.endsWith('.fifo') && fifo),
    }),
  );
}

/** Returns false when the topic's share for the theme is used up; the last message says so. */
async function publishToTopic(
  context: AnnouncerContext,
  { theme, event }: CoverageNotice,
  topicArn: string,
): Promise<boolean> {
  const before = await context.store.coverage.notifiedLately(theme, topicArn, themeMinutes);
  if (before >= messagesOfATheme) return false;
  const more = `Further accounts with the same problem are not reported here for ${themeMinutes} minutes: see portcullis status`;
  const last = before === messagesOfATheme - 1;
  await publish(context, topicArn, last ? { ...event, summary: `${event.summary}. ${more}` } : event);
  return true;
}

/** Notifies every channel that was not notified yet. A failed channel is retried at the account's next inspection. */
async function notify(context: AnnouncerContext, notice: CoverageNotice): Promise<void> {
  const { store, settings, log } = context;
  const { alarmTopicArn, notificationTopicArn } = settings;
  const topics = new Set([alarmTopicArn, notificationTopicArn].filter((arn) => arn !== undefined));
  let failed = false;
  for (const channel of ['bus', ...topics].filter((name) => !notice.notified.includes(name))) {
    try {
      if (channel === 'bus') await putEvent(context, notice.event);
      else if (!(await publishToTopic(context, notice, channel))) continue;
      await store.coverage.notified(notice.id, channel);
    } catch (error) {
      failed = true;
      const { account: accountId, change } = notice.event;
      const message = `coverage ${change}, not notified yet: ${reasonOf(error)}`;
      log.error({ accountId, notice: notice.id, channel, error }, message);
    }
  }
  if (!failed) await store.coverage.done(notice.id);
}

/**
 * Returns an announcer that records each change of an account's coverage with an audit line and notifies the org bus,
 * and the alarm and notification topics where set. Recorded first and retried until delivered: once, or twice after a
 * crash in between, with the same id. Throws only when the store fails.
 */
export function coverageAnnouncer(context: AnnouncerContext): CoverageAnnouncer {
  const { store, log } = context;
  return async (account, before, after) => {
    await store.coverage.observe(account, before, after);
    for (const notice of await store.coverage.pending(account.id)) {
      const { change, summary, regions } = notice.event;
      if (notice.notified.length === 0) {
        const where = regions.map(({ region }) => region);
        log[change === 'lost' ? 'error' : 'info'](
          { accountId: account.id, notice: notice.id, regions: where },
          summary,
        );
      }
      await notify(context, notice);
    }
  };
}
