import { PublishCommand } from '@aws-sdk/client-sns';
import type { Uses } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';
import type { Confirmation } from '../store/confirmations.ts';

/** Tried once: on failure the log and `portcullis confirmations` still show the question. */
export async function announceQuestion(
  {
    aws,
    settings: { hub, alarmTopicArn },
    log,
  }: Uses<{ aws: 'sns'; settings: 'hub' | 'alarmTopicArn'; log: true }>,
  { id, kind, about, why, expiresAt }: Confirmation,
): Promise<void> {
  if (!alarmTopicArn) return;
  const Message = [
    kind === 'policy-mode'
      ? `The policy file would ${about}. The hub keeps the last confirmed policy meanwhile.`
      : `Portcullis would ${about}, because accounts or Regions are out of scope.`,
    `A person must confirm first: ${why}.`,
    `List with \`portcullis confirmations\`; answer with \`portcullis confirm ${id}\` or \`portcullis refuse ${id}\` until ${expiresAt.toISOString()}.`,
  ].join('\n');
  try {
    const client = await aws.sns(hub.accountId, alarmTopicArn.split(':')[3] ?? hub.region);
    const Subject =
      kind === 'policy-mode'
        ? 'Portcullis: a lower policy mode waits for a person'
        : 'Portcullis: stacks wait for a confirmation before they are destroyed';
    const fifo = { MessageGroupId: 'confirmations', MessageDeduplicationId: id };
    await client.send(
      new PublishCommand({
        ...{ TopicArn: alarmTopicArn, Subject, Message },
        ...(alarmTopicArn.endsWith('.fifo') && fifo),
      }),
    );
  } catch (error) {
    log.error(
      { confirmation: id, error: reasonOf(error) },
      'could not publish the question to the alarm topic',
    );
  }
}
