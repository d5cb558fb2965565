import type { Ledger } from '../../ledger/ledger.ts';
import { header, type SlackMessage, section } from '../message/block.ts';

/** Send the message, send the count so far instead, or send nothing. */
export type Place = { say: 'it' } | { say: 'count'; count: number; minute: string } | { say: 'nothing' };

/** How many messages a minute are sent one by one, for the whole organization. */
const singly = { usual: 10, urgent: 60 } as const;

const keptFor = 3_600_000;

/**
 * Counts a message and returns its place in the minute. Up to 10 are sent one by one; the 11th, 50th, 100th, 500th,
 * 1,000th … send the count. Urgent messages have their own counter: up to 60 a minute, about Slack's limit for a
 * channel, then the 61st, 100th, 500th … send the count. @throws when the ledger does not answer.
 */
export async function placeInStorm(
  ledger: Pick<Ledger, 'count'>,
  urgent: boolean,
  now: Date,
): Promise<Place> {
  const kind = urgent ? 'urgent' : 'usual';
  const minute = now.toISOString().slice(0, 16);
  const count = await ledger.count(`slack/minute/${kind}/${minute}`, new Date(now.getTime() + keptFor));
  if (!(count > singly[kind])) return { say: 'it' };
  const milestone = count >= 50 && /^[15]0+$/.test(String(count));
  return count === singly[kind] + 1 || milestone ? { say: 'count', count, minute } : { say: 'nothing' };
}

/** A Slack message for those that are not sent. `count` is the number of messages in this minute so far. */
export function stormMessage(count: number, minute: string): SlackMessage {
  const title = `Many findings: ${count} within a minute`;
  return {
    text: `${title}. Further messages of this minute are folded.`,
    blocks: [
      header(title),
      section(
        `Portcullis had ${count} messages for you in the minute from \`${minute}\` UTC; further ones of that minute are folded into this one. ` +
          'Nothing else is held back by that. Every result is in the audit log (`portcullis remediations`), on the org bus and in the log of the remediation Lambda.',
      ),
    ],
  };
}
