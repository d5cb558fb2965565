import { header, type SlackMessage, section } from './block.ts';

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
