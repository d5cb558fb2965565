import type { AttributeDefinition, DynamoDB, KeySchemaElement } from '@aws-sdk/client-dynamodb';
import type { Aws } from '../protocol/clients.ts';
import { isObject, type Properties, same } from '../protocol/field.ts';
import {
  name,
  nested,
  optional,
  type Resource,
  regional,
  string,
  tagged,
  tagList,
  tagMap,
  text,
  unless,
} from '../protocol/resource.ts';

const GONE = ['ResourceNotFoundException', 'TableNotFoundException'];
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
async function settled(dynamodb: DynamoDB, TableName: string): Promise<void> {
  for (const until = Date.now() + 60_000; ; ) {
    const { Table: table } = await dynamodb.describeTable({ TableName });
    if (table?.TableStatus === 'ACTIVE') return;
    if (Date.now() > until) throw new Error(`the table was ${table?.TableStatus} after 60 s, not ACTIVE`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Sets what CreateTable does not accept. Time to live can be changed only once in a while, so only when it differs. */
async function setRest(aws: Aws, properties: Properties, before: Properties): Promise<void> {
  const dynamodb = await aws.dynamodb();
  const TableName = string(properties, 'name');
  const differs = (one: string) =>
    inputs[one] !== undefined && !same(inputs[one], before[one], properties[one]);
  if (differs('ttl')) {
    const attribute = (of: Properties) => optional<string>(nested(of, 'ttl'), 'attributeName');
    const AttributeName = attribute(properties) ?? attribute(before);
    const TimeToLiveSpecification = { AttributeName, Enabled: isOn(properties, 'ttl') };
    await dynamodb.updateTimeToLive({ TableName, TimeToLiveSpecification });
  }
  if (differs('pointInTimeRecovery')) {
    const PointInTimeRecoverySpecification = {
      PointInTimeRecoveryEnabled: isOn(properties, 'pointInTimeRecovery'),
    };
    await dynamodb.updateContinuousBackups({ TableName, PointInTimeRecoverySpecification });
  }
}

async function read(dynamodb: DynamoDB, TableName: string): Promise<Properties | undefined> {
  const described = await unless(dynamodb.describeTable({ TableName }), ...GONE);
  const table = described?.Table;
  if (!table || table.TableStatus === 'DELETING') return undefined;
  const { TimeToLiveDescription: ttl } = await dynamodb.describeTimeToLive({ TableName });
  const { ContinuousBackupsDescription } = await dynamodb.describeContinuousBackups({ TableName });
  const recovery = ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  const { Tags } = await dynamodb.listTagsOfResource({ ResourceArn: table.TableArn });
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
  identity: ['name'],
  parse: (id) => ({ name: id }),
  importForm: 'name',
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
    const BillingMode = billingOf(properties);
    const changed = (one: string) =>
      inputs[one] !== undefined && !same(inputs[one], oldInputs[one], properties[one]);
    // AWS takes one kind of change a call
    if (changed('billingMode')) {
      await dynamodb.updateTable({ TableName, BillingMode });
      await settled(dynamodb, TableName);
    }
    if (changed('serverSideEncryption')) {
      const SSESpecification = { Enabled: isOn(properties, 'serverSideEncryption') };
      await dynamodb.updateTable({ TableName, SSESpecification });
      await settled(dynamodb, TableName);
    }
    if (changed('deletionProtectionEnabled')) {
      const DeletionProtectionEnabled = optional<boolean>(properties, 'deletionProtectionEnabled') ?? false;
      await dynamodb.updateTable({ TableName, DeletionProtectionEnabled });
      await settled(dynamodb, TableName);
    }
    await setRest(aws, properties, oldInputs);
  },
  async tag(aws, old, tags, remove) {
    const dynamodb = await aws.dynamodb();
    const ResourceArn = string(old, 'arn');
    if (remove.length > 0) await dynamodb.untagResource({ ResourceArn, TagKeys: remove });
    if (Object.keys(tags).length > 0) await dynamodb.tagResource({ ResourceArn, Tags: tagList(tags) });
  },
  async delete(aws, old) {
    await unless((await aws.dynamodb()).deleteTable({ TableName: string(old, 'name') }), ...GONE);
  },
};
