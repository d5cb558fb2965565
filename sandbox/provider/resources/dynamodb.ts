import type {
  AttributeDefinition,
  DynamoDB,
  KeySchemaElement,
  UpdateTableInput,
} from '@aws-sdk/client-dynamodb';
import type { Aws } from '../protocol/clients.ts';
import { isObject, type Properties } from '../protocol/field.ts';
import {
  changedBetween,
  name,
  namedBy,
  nested,
  ofFound,
  optional,
  type Resource,
  regional,
  settles,
  string,
  tagged,
  tagList,
  tagMap,
  text,
} from '../protocol/resource.ts';

const onDemand = 'PAY_PER_REQUEST';
const key = { kind: 'string', replace: true } as const;
const enabled = { kind: 'boolean', default: false } as const;

const inputs: Resource['inputs'] = {
  name,
  billingMode: { kind: 'string', default: 'PROVISIONED' },
  hashKey: { ...key, required: true },
  rangeKey: key,
  attributes: {
    kind: 'objects',
    required: true,
    replace: true,
    fields: { name: { ...text, required: true }, type: { ...text, required: true } },
  },
  ttl: { kind: 'object', fields: { attributeName: text, enabled } },
  pointInTimeRecovery: { kind: 'object', fields: { enabled: { ...enabled, required: true } } },
  serverSideEncryption: { kind: 'object', fields: { enabled: { ...enabled, required: true } } },
  deletionProtectionEnabled: enabled,
  ...regional,
  ...tagged,
};

/** @throws for a table with provisioned capacity, which this provider does not create. */
function billingOf(properties: Properties): typeof onDemand {
  if (properties.billingMode === onDemand) return onDemand;
  throw new Error(`property "billingMode" must be ${onDemand}: the sandbox makes on-demand tables only`);
}

const attributesOf = (properties: Properties): AttributeDefinition[] =>
  (Array.isArray(properties.attributes) ? properties.attributes.filter(isObject) : []).map((one) => ({
    AttributeName: string(one, 'name'),
    AttributeType: string(one, 'type') as AttributeDefinition['AttributeType'],
  }));

function keysOf(properties: Properties): KeySchemaElement[] {
  const range = optional<string>(properties, 'rangeKey');
  return [
    { AttributeName: string(properties, 'hashKey'), KeyType: 'HASH' },
    ...(range ? [{ AttributeName: range, KeyType: 'RANGE' } as const] : []),
  ];
}

const isOn = (properties: Properties, what: string): boolean =>
  optional<boolean>(nested(properties, what), 'enabled') ?? false;

/** Returns when the table has left the states in which AWS refuses changes; at most a minute. */
const settled = (dynamodb: DynamoDB, TableName: string): Promise<void> =>
  settles(async () => {
    const { Table: table } = await dynamodb.describeTable({ TableName });
    return table?.TableStatus === 'ACTIVE' ? undefined : `the table was still ${table?.TableStatus}`;
  });

/** Sets what CreateTable does not accept. Time to live can be changed only once in a while, so only when it differs. */
async function setRest(aws: Aws, properties: Properties, before: Properties): Promise<void> {
  const dynamodb = await aws.dynamodb();
  const TableName = string(properties, 'name');
  const changed = changedBetween(inputs, before, properties);
  if (changed('ttl')) {
    const attribute = (of: Properties) => optional<string>(nested(of, 'ttl'), 'attributeName');
    const AttributeName = attribute(properties) ?? attribute(before);
    const TimeToLiveSpecification = { AttributeName, Enabled: isOn(properties, 'ttl') };
    await dynamodb.updateTimeToLive({ TableName, TimeToLiveSpecification });
  }
  if (changed('pointInTimeRecovery')) {
    const PointInTimeRecoverySpecification = {
      PointInTimeRecoveryEnabled: isOn(properties, 'pointInTimeRecovery'),
    };
    await dynamodb.updateContinuousBackups({ TableName, PointInTimeRecoverySpecification });
  }
}

async function read(dynamodb: DynamoDB, TableName: string): Promise<Properties | undefined> {
  const { Table: table } = await dynamodb.describeTable({ TableName });
  if (!table || table.TableStatus === 'DELETING') return undefined;
  const { TimeToLiveDescription: ttl } = await ofFound(dynamodb.describeTimeToLive({ TableName }));
  const { ContinuousBackupsDescription } = await ofFound(dynamodb.describeContinuousBackups({ TableName }));
  const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  const { Tags } = await ofFound(dynamodb.listTagsOfResource({ ResourceArn: table.TableArn }));
  const keyOf = (type: string) => table.KeySchema?.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const encrypted = ['ENABLED', 'ENABLING', 'UPDATING'].includes(table.SSEDescription?.Status ?? '');
  const ends = ['ENABLED', 'ENABLING'].includes(ttl?.TimeToLiveStatus ?? '');
  return {
    name: table.TableName,
    billingMode: table.BillingModeSummary?.BillingMode ?? 'PROVISIONED',
    hashKey: keyOf('HASH'),
    rangeKey: keyOf('RANGE'),
    attributes: (table.AttributeDefinitions ?? []).map(({ AttributeName, AttributeType }) => ({
      name: AttributeName ?? '',
      type: AttributeType ?? '',
    })),
    ttl: ends ? { attributeName: ttl?.AttributeName ?? '', enabled: true } : {},
    pointInTimeRecovery: recovery?.PointInTimeRecoveryStatus === 'ENABLED' ? { enabled: true } : {},
    serverSideEncryption: encrypted ? { enabled: true } : {},
    deletionProtectionEnabled: table.DeletionProtectionEnabled ?? false,
    arn: table.TableArn,
    tags: tagMap(Tags),
  };
}

/** A DynamoDB table on demand, without indexes, streams and replicas. */
export const Table: Resource = {
  inputs,
  outputs: ['arn'],
  notFound: ['ResourceNotFoundException', 'TableNotFoundException'],
  ...namedBy('name'),
  async create(aws, properties) {
    const TableName = string(properties, 'name');
    await (await aws.dynamodb()).createTable({
      TableName,
      BillingMode: billingOf(properties),
      KeySchema: keysOf(properties),
      AttributeDefinitions: attributesOf(properties),
      DeletionProtectionEnabled: optional(properties, 'deletionProtectionEnabled'),
      SSESpecification: { Enabled: isOn(properties, 'serverSideEncryption') },
      Tags: tagList(properties.tags),
    });
    return TableName;
  },
  async finish(aws, properties, id) {
    await settled(await aws.dynamodb(), id);
    await setRest(aws, properties, {});
  },
  async read(aws, known) {
    return read(await aws.dynamodb(), string(known, 'name'));
  },
  async update(aws, properties, _old, oldInputs) {
    const dynamodb = await aws.dynamodb();
    const TableName = string(properties, 'name');
    // AWS takes one kind of change a call
    const changes: Record<string, Partial<UpdateTableInput>> = {
      billingMode: { BillingMode: billingOf(properties) },
      serverSideEncryption: { SSESpecification: { Enabled: isOn(properties, 'serverSideEncryption') } },
      deletionProtectionEnabled: {
        DeletionProtectionEnabled: optional<boolean>(properties, 'deletionProtectionEnabled') ?? false,
      },
    };
    for (const name of Object.keys(changes).filter(changedBetween(inputs, oldInputs, properties))) {
      await dynamodb.updateTable({ TableName, ...changes[name] });
      await settled(dynamodb, TableName);
    }
    await setRest(aws, properties, oldInputs);
  },
  tag: async (aws, old, tags) =>
    (await aws.dynamodb()).tagResource({ ResourceArn: string(old, 'arn'), Tags: tagList(tags) }),
  untag: async (aws, old, TagKeys) =>
    (await aws.dynamodb()).untagResource({ ResourceArn: string(old, 'arn'), TagKeys }),
  delete: async (aws, old) => (await aws.dynamodb()).deleteTable({ TableName: string(old, 'name') }),
};
