import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { patience } from '../aws/cloud.ts';
import type { Ledger } from './ledger.ts';

/** The table's attributes. DynamoDB's time to live reads `expiresAt`. */
export const tableKey = 'key';
export const tableExpiry = 'expiresAt';

/** A table that does not answer must not delay a revoke for long. */
const brief = { maxAttempts: 3, ...patience(1_000, 2_000) };

/** The ledger in a DynamoDB table of the hub, with the function's own credentials. */
export function tableLedger(region: string, TableName: string): Ledger {
  const client = new DynamoDBClient({ region, ...brief });
  const at = (key: string) => ({ TableName, Key: { [tableKey]: { S: key } } });
  const seconds = (time: Date) => ({ N: String(Math.ceil(time.getTime() / 1000)) });
  const item = (key: string, text: string, keptUntil: Date) => ({
    TableName,
    Item: { [tableKey]: { S: key }, text: { S: text }, [tableExpiry]: seconds(keptUntil) },
  });
  const get = async (key: string) =>
    (await client.send(new GetItemCommand({ ...at(key), ConsistentRead: true }))).Item;
  /** Adds to a set or a counter, and returns the whole item. */
  const addTo = async (key: string, attribute: string, value: AttributeValue, keptUntil: Date) => {
    const update = new UpdateItemCommand({
      ...at(key),
      UpdateExpression: 'ADD #attribute :value SET #expiry = :expiry',
      ExpressionAttributeNames: { '#attribute': attribute, '#expiry': tableExpiry },
      ExpressionAttributeValues: { ':value': value, ':expiry': seconds(keptUntil) },
      ReturnValues: 'ALL_NEW',
    });
    return (await client.send(update)).Attributes;
  };
  return {
    read: async (key) => (await get(key))?.text?.S,
    members: async (key) => (await get(key))?.members?.SS ?? [],
    async write(key, text, keptUntil) {
      await client.send(new PutItemCommand(item(key, text, keptUntil)));
    },
    async writeOnce(key, text, keptUntil) {
      const ConditionExpression = 'attribute_not_exists(#key)';
      const ExpressionAttributeNames = { '#key': tableKey };
      const once = { ...item(key, text, keptUntil), ConditionExpression, ExpressionAttributeNames };
      try {
        await client.send(new PutItemCommand(once));
        return true;
      } catch (error) {
        if (error instanceof ConditionalCheckFailedException) return false;
        throw error;
      }
    },
    async add(key, members, keptUntil) {
      // DynamoDB refuses an empty set and a repeated member.
      const given = [...new Set(members)];
      if (given.length === 0) return (await get(key))?.members?.SS ?? [];
      return (await addTo(key, 'members', { SS: given }, keptUntil))?.members?.SS ?? [];
    },
    async remove(key, members) {
      if (members.length === 0) return;
      await client.send(
        new UpdateItemCommand({
          ...at(key),
          UpdateExpression: 'DELETE #members :members',
          ExpressionAttributeNames: { '#members': 'members' },
          ExpressionAttributeValues: { ':members': { SS: [...new Set(members)] } },
        }),
      );
    },
    async count(key, keptUntil) {
      return Number((await addTo(key, 'count', { N: '1' }, keptUntil))?.count?.N);
    },
  };
}
