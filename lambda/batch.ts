import * as z from 'zod';

const batch = z.object({
  Records: z
    .array(z.object({ eventSource: z.literal('aws:sqs'), messageId: z.string().min(1), body: z.string() }))
    .min(1),
});

/** Messages that an event source mapping delivers, each with one EventBridge event as its body. */
export type Batch = z.infer<typeof batch>['Records'];

/** The answer for `ReportBatchItemFailures`: the messages that SQS delivers again. */
export interface BatchResponse {
  batchItemFailures: { itemIdentifier: string }[];
}

/** The messages of an invocation; undefined when the invocation has one event. */
export const readBatch = (event: unknown): Batch | undefined => batch.safeParse(event).data?.Records;

/**
 * Handles all messages at once and returns those that failed. A body that is not JSON goes to the handler as it is, and
 * the handler reports that it cannot read it.
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
