import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { canaryEntry, canarySource } from '../../lambda/contract/canary.ts';
import { names } from '../../programs/names.ts';
import type { Uses } from '../services/services.ts';
import type { Cell } from '../stacks/cell.ts';

/** Longer than any wait for a canary. Afterwards the Lambda treats its group as any other. */
const knownMs = 3_600_000;

/** Registers a canary in the hub's ledger, where no principal of a member account can write. */
export async function announce(
  { store, aws, settings }: Uses<{ store: 'now'; aws: 'dynamodb'; settings: 'hub' | 'verifyWaitMinutes' }>,
  { accountId, region }: Cell,
  of: string,
  canary: string,
): Promise<void> {
  const now = (await store.now()).getTime();
  const until = new Date(now + settings.verifyWaitMinutes * 60_000 + knownMs);
  const { key, text } = canaryEntry({ account: accountId, region }, of, canary, until);
  const dynamodb = await aws.dynamodb(settings.hub.accountId, settings.hub.region);
  await dynamodb.send(
    new PutItemCommand({
      TableName: names.table,
      Item: {
        key: { S: key },
        text: { S: text },
        expiresAt: { N: String(Math.ceil(until.getTime() / 1000)) },
      },
    }),
  );
}

/** Puts a synthetic canary on the cell's default event bus, in the format of a CloudTrail call. */
export async function sendSynthetic(
  { aws }: Uses<{ aws: 'eventBridge' }>,
  { accountId, region }: Cell,
  canary: string,
): Promise<void> {
  const events = await aws.eventBridge(accountId, region);
  const detail = { eventSource: 'ec2.amazonaws.com', eventName: 'AuthorizeSecurityGroupIngress', canary };
  const { Entries } = await events.send(
    new PutEventsCommand({
      Entries: [
        {
          Source: canarySource,
          DetailType: 'AWS API Call via CloudTrail',
          Detail: JSON.stringify(detail),
        },
      ],
    }),
  );
  const refused = Entries?.[0]?.ErrorCode;
  if (refused)
    throw new Error(`PutEvents refused the canary: ${refused} ${Entries?.[0]?.ErrorMessage ?? ''}`);
}
