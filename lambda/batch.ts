import * as z from 'zod';

const batch = z.object({
  Records: z
    .array(z.object({ eventSource: z.literal('aws:sqs'), messageId: z.string().min(1), body: z.string() }))
    .min(1),
});

/** Messages of a queue, each with an EventBridge event, as an event source mapping hands them over. */
export type Batch = z.infer<typeof batch>['Records'];

/** What an event source mapping with `ReportBatchItemFailures` reads: the messages that come again. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** The messages that an invocation is about; undefined where it is about one event. */
export const readBatch = (event: unknown): Batch | undefined => batch.safeParse(event).data?.Records;

/**
 * Handles each message's event, all of them at once; the ones that failed come again, and no other. A body that is no
 * JSON is handled as it is: the handler says that it cannot read it.
 */
export async function handleBatch(
  messages: Batch,
  handle: (event: unknown) => Promise<unknown>,
): Promise<BatchResponse> {
  const settled = await Promise.allSettled(messages.map(async ({ body }) => handle(parsed(body))));
  return {
    batchItemFailures: messages
      .filter((_, index) => settled[index]?.status === 'rejected')
      .map(({ messageId }) => ({ itemIdentifier: messageId })),
  };
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
}
