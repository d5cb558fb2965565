import { GetQueueAttributesCommand } from '@aws-sdk/client-sqs';
import { queueUrl } from '../../programs/names.ts';
import { reasonOf } from '../settings/errors.ts';
import type { DeadLetters } from '../stacks/dead-letters.ts';
import type { Aws } from './clients.ts';

type QueueReader = Pick<Aws, 'sqs' | 'caller'>;
interface Place {
  readonly accountId: string;
  readonly region: string;
}

/** How many messages a queue holds, about. @throws what SQS answers */
export async function messagesIn(aws: QueueReader, place: Place, name: string): Promise<number> {
  const { partition } = await aws.caller();
  const sqs = await aws.sqs(place.accountId, place.region);
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: queueUrl({ partition, ...place }, name),
      AttributeNames: ['ApproximateNumberOfMessages'],
    }),
  );
  return Number(Attributes?.ApproximateNumberOfMessages ?? 0);
}

const periodMs = 24 * 3_600_000;

/**
 * The dead letters of a queue: the earlier reading for a day, then a new one with one call. Never throws: a reading that
 * fails has the reason, and is tried again the next time.
 */
export async function readDeadLetters(
  aws: QueueReader,
  place: Place,
  name: string,
  earlier: DeadLetters | undefined,
): Promise<DeadLetters> {
  const isFresh = earlier?.count !== undefined && Date.now() - new Date(earlier.at).getTime() < periodMs;
  if (earlier && isFresh) return earlier;
  const at = new Date().toISOString();
  try {
    return { at, count: await messagesIn(aws, place, name) };
  } catch (error) {
    return { at, error: reasonOf(error) };
  }
}
