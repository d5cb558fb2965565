import * as z from 'zod';

/**
 * Slack's Block Kit as its reference states it, for the blocks that Portcullis sends: a message outside of it is
 * refused as `invalid_blocks`, one much longer than here
 * as `msg_blocks_too_long`. https://docs.slack.dev/reference/block-kit/blocks
 */
const plainText = (limit: number) =>
  z.strictObject({
    type: z.literal('plain_text'),
    text: z.string().min(1).max(limit),
    emoji: z.boolean().optional(),
  });
const mrkdwn = (limit: number) =>
  z.strictObject({
    type: z.literal('mrkdwn'),
    text: z.string().min(1).max(limit),
    verbatim: z.literal(true),
  });

const header = z.strictObject({ type: z.literal('header'), text: plainText(150) });
const section = z
  .strictObject({
    type: z.literal('section'),
    text: mrkdwn(3_000).optional(),
    fields: z.array(mrkdwn(2_000)).min(1).max(10).optional(),
  })
  .refine(({ text, fields }) => text !== undefined || fields !== undefined);
const context = z.strictObject({
  type: z.literal('context'),
  elements: z.array(mrkdwn(3_000)).min(1).max(10),
});

export const messageSchema = z.strictObject({
  text: z.string().min(1).max(4_000),
  blocks: z
    .array(z.discriminatedUnion('type', [header, section, context]))
    .min(1)
    .max(50),
});

/** Every text of a message that Slack reads as mrkdwn: `text` too. */
export function mrkdwnTexts(message: z.infer<typeof messageSchema>): string[] {
  return [
    message.text,
    ...message.blocks.flatMap((block) => {
      if (block.type === 'header') return [];
      if (block.type === 'context') return block.elements.map(({ text }) => text);
      return [...(block.text ? [block.text.text] : []), ...(block.fields ?? []).map(({ text }) => text)];
    }),
  ];
}

/** What Slack would read as markup in a text: all that is outside of code spans, line by line. */
export function outsideCode(text: string): string {
  return text
    .split('\n')
    .map((line) => line.replace(/`[^`]+`/g, '·'))
    .join('\n');
}
