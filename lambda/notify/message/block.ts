import { cut, plain } from './text.ts';

/** A message in Slack's Block Kit. Notifications and screen readers show `text`. */
export interface SlackMessage {
  text: string;
  blocks: Block[];
}

interface Text {
  type: 'mrkdwn' | 'plain_text';
  text: string;
  /** Slack makes no link of text that looks like an address or a channel. */
  verbatim?: true;
  emoji?: false;
}

export type Block =
  | { type: 'header'; text: Text }
  | { type: 'section'; text: Text }
  | { type: 'section'; fields: Text[] }
  | { type: 'context'; elements: Text[] };

/** Slack's limits for one block, https://docs.slack.dev/reference/block-kit/blocks */
const limits = { header: 150, section: 3_000, field: 2_000, context: 2_000 } as const;

/**
 * Slack refuses a message whose blocks are together longer than about 13,200 characters of JSON. No reference states
 * this limit (slackapi/bolt-js#2509, #2867); the margin covers how Slack counts.
 */
export const roomOfMessage = 9_000;

export function sizeOf(blocks: readonly Block[]): number {
  return JSON.stringify(blocks).length;
}

const mrkdwn = (text: string, limit: number): Text => ({
  type: 'mrkdwn',
  text: text.length > limit ? cut(text, limit) : text,
  verbatim: true,
});

export const header = (text: string): Block => ({
  type: 'header',
  text: { type: 'plain_text', text: cut(plain(text), limits.header), emoji: false },
});
export const section = (text: string): Block => ({ type: 'section', text: mrkdwn(text, limits.section) });
export const fields = (texts: readonly string[]): Block => ({
  type: 'section',
  fields: texts.slice(0, 10).map((text) => mrkdwn(text, limits.field)),
});
export const context = (text: string): Block => ({
  type: 'context',
  elements: [mrkdwn(text, limits.context)],
});
