import type { Clock } from '../../aws/clock.ts';
import type { Cloud } from '../../aws/cloud.ts';
import { errorClassOf } from '../../aws/errors.ts';
import type { Log } from '../../aws/log.ts';
import type { Channel, RemediationResult } from '../../contract/result.ts';
import type { Ledger } from '../../ledger/ledger.ts';
import { announcementMessage } from '../message/announcement.ts';
import type { NotificationChannel } from '../message/channel.ts';
import { slackMessage } from '../message/result.ts';
import { isUrgent } from '../message/title.ts';
import { deliver, type Note } from './delivery.ts';
import { SlackError } from './error.ts';
import { optionalLedger } from './ledger.ts';
import { type Fetch, post } from './post.ts';
import { createSlackSecret, type SlackSecret } from './secret.ts';
import { placeInStorm, stormMessage } from './storm.ts';

export interface SlackContext {
  cloud: Pick<Cloud, 'readSecret'>;
  ledger: Ledger;
  fetch: Fetch;
  clock: Clock;
  log: Log;
}

const budget = 6_000;
const restUnreadable = 5_000;
const notifiedRetentionMs = 24 * 3_600_000;

/**
 * Notifies Slack, within 8 seconds for the secret, the ledger and all tries. When the ledger fails, messages are sent
 * without folding and without threads.
 */
export function createSlack(
  context: SlackContext,
  secretArn: string,
  partition: string,
): NotificationChannel {
  const send = createSender(context, createSlackSecret(context.cloud, secretArn, context.clock));
  return {
    async notify(result) {
      const message = slackMessage(result, partition);
      if (!message) return { status: 'not-needed' };
      return send({ message, topic: topicOf(result), urgent: isUrgent(result), once: onceOf(result) });
    },
    async announce(announcement) {
      const topic = `exception/${announcement.name}`;
      return send({ message: announcementMessage(announcement), topic, urgent: false, once: null });
    },
  };
}

/** The group as a thread topic; an invalid id has no thread. */
function topicOf({ account, region, groupId }: RemediationResult): string | null {
  return groupId !== null && /^sg-\w{1,64}$/.test(groupId) ? `${account}/${region}/${groupId}` : null;
}

/** An event that was denied or failed is retried, by Lambda alone twice, and people are notified once. */
function onceOf({ eventId, account, groupId, outcome }: RemediationResult): string | null {
  const repeats = outcome === 'failed' || outcome === 'access-denied';
  return repeats ? [eventId, account, groupId, outcome].join('/').slice(0, 1_000) : null;
}

/** Sends notes, and pauses when Slack asked for it or did not answer. */
function createSender({ ledger, fetch, clock, log }: SlackContext, secret: SlackSecret) {
  const outside = { fetch, clock, memory: optionalLedger(ledger, clock, log) };
  let resting = { until: 0, why: '' };

  async function send(note: Note, deadline: number): Promise<Channel> {
    const now = clock.now();
    const notifiedKey = note.once === null ? undefined : `slack/told/${note.once}`;
    if (notifiedKey && (await outside.memory.ask('notified', () => ledger.read(notifiedKey))) !== undefined)
      return { status: 'not-needed' };
    const place = await outside.memory.ask('storm', () => placeInStorm(ledger, note.urgent, now));
    if (place?.say === 'nothing') return { status: 'folded' };
    if (place?.say === 'count') {
      const message = stormMessage(place.count, place.minute);
      await secret.use(async (destination) => post(outside, destination, { message }, deadline), deadline);
      return { status: 'folded' };
    }
    await secret.use((destination) => deliver(outside, destination, note, deadline), deadline);
    const until = new Date(now.getTime() + notifiedRetentionMs);
    if (notifiedKey)
      await outside.memory.ask('notified', () => ledger.write(notifiedKey, now.toISOString(), until));
    return { status: 'sent' };
  }

  return async (note: Note): Promise<Channel> => {
    const start = clock.now().getTime();
    if (start < resting.until) {
      const until = new Date(resting.until).toISOString();
      return { status: 'failed', error: `Slack is left alone until ${until}: ${resting.why}` };
    }
    try {
      return await send(note, start + budget);
    } catch (error) {
      const { why, rest } = failureOf(error);
      if (rest > 0) resting = { until: clock.now().getTime() + rest, why };
      return { status: 'failed', error: why };
    }
  };
}

/** Only a SlackError is quoted: any other error is from the secret's service and may contain the secret. */
function failureOf(error: unknown): { why: string; rest: number } {
  if (error instanceof SlackError) return { why: error.message, rest: error.rest };
  if (errorClassOf(error) === 'access-denied') return { why: 'the Slack secret may not be read', rest: 0 };
  const name = error instanceof Error ? error.name : 'Error';
  return { why: `the Slack secret could not be read: ${name}`, rest: restUnreadable };
}
