import type { Ledger } from '../../ledger/ledger.ts';
import { header, type SlackMessage, section } from '../message/block.ts';

/** What becomes of a message: it goes out, one with the number so far goes out instead, or neither. */
export type Place = { say: 'it' } | { say: 'count'; count: number; minute: string } | { say: 'nothing' };

/** How many messages go out singly in a minute, over the whole organization. */
const singly = { usual: 10, urgent: 60 } as const;

const keptFor = 3_600_000;

/**
 * Counts a message and gives its place in the minute: singly up to 10, then the eleventh, the 50th, 100th, 500th,
 * 1,000th … say how many there are. Urgent ones have a count of their own: up to 60 a minute go out singly, which
 * is about what Slack takes in a channel, and the 61st, 100th, 500th … say how many there are.
 * @throws where the ledger does not answer.
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

/** A Slack message that stands for those that are not sent, `count` being all of one minute so far. */
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
