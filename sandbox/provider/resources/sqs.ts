import type { Aws } from '../protocol/clients.ts';
import { type Field, isObject, type Properties, type Value } from '../protocol/field.ts';
import { name, ofFound, type Resource, regional, string, tagged } from '../protocol/resource.ts';

const notFound = ['QueueDoesNotExist', 'AWS.SimpleQueueService.NonExistentQueue'];

/** Properties that are queue attributes under another name (source: SQS CreateQueue). */
const ATTRIBUTES: Record<string, { attribute: string; field: Field }> = {
  delaySeconds: { attribute: 'DelaySeconds', field: { kind: 'integer', default: 0 } },
  maxMessageSize: { attribute: 'MaximumMessageSize', field: { kind: 'integer', default: 262_144 } },
  messageRetentionSeconds: {
    attribute: 'MessageRetentionPeriod',
    field: { kind: 'integer', default: 345_600 },
  },
  receiveWaitTimeSeconds: {
    attribute: 'ReceiveMessageWaitTimeSeconds',
    field: { kind: 'integer', default: 0 },
  },
  visibilityTimeoutSeconds: { attribute: 'VisibilityTimeout', field: { kind: 'integer', default: 30 } },
  redrivePolicy: { attribute: 'RedrivePolicy', field: { kind: 'policy', computed: true } },
  redriveAllowPolicy: { attribute: 'RedriveAllowPolicy', field: { kind: 'policy', computed: true } },
  // QueuePolicy may set it as well: a program that says nothing here leaves it alone
  policy: { attribute: 'Policy', field: { kind: 'policy', computed: true } },
  kmsMasterKeyId: { attribute: 'KmsMasterKeyId', field: { kind: 'string' } },
  sqsManagedSseEnabled: { attribute: 'SqsManagedSseEnabled', field: { kind: 'boolean', computed: true } },
};

/** The attributes that a program sets, and AWS's initial values for those that it set before and no longer sets. */
function attributesOf(inputs: Properties, old: Properties = {}): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const [property, { attribute, field }] of Object.entries(ATTRIBUTES)) {
    const value = inputs[property] ?? undefined;
    if (value !== undefined) attributes[attribute] = String(value);
    else if (old[property] !== undefined && !field.computed)
      attributes[attribute] = String(field.default ?? '');
  }
  return attributes;
}

/**
 * What the official plugin sends for a new queue where the program says nothing; it has a default of its own for the
 * size of a message. Source: `queueSchema` in internal/service/sqs/queue.go, consts.go.
 */
const defaults = Object.fromEntries(
  Object.values(ATTRIBUTES)
    .filter(({ field }) => field.default !== undefined)
    .map(({ attribute, field }) => [attribute, String(field.default)]),
);

function typedValue(field: Field, value: string | undefined): Value | undefined {
  if (value === undefined) return undefined;
  if (field.kind === 'integer') return Number(value);
  return field.kind === 'boolean' ? value === 'true' : value;
}

/**
 * How long the official plugin waits for attributes to be the same everywhere, after each write: six looks, 5 s apart
 * (source: `waitQueueAttributesPropagated` in internal/service/sqs/queue.go). Milliseconds; none unless asked for.
 */
const propagated = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, Number(process.env.SANDBOX_QUEUE_WAIT_MS ?? 0)));

async function read(aws: Aws, QueueUrl: string): Promise<Record<string, string>> {
  const { Attributes } = await (await aws.sqs()).getQueueAttributes({ QueueUrl, AttributeNames: ['All'] });
  return Attributes ?? {};
}

/** The queue's URL as SQS gives it here: an import names it by AWS's own host. */
function addressOf(url: string): string {
  const endpoint = process.env.AWS_ENDPOINT_URL;
  return endpoint ? url.replace(/^https:\/\/sqs\.[^/]+\.amazonaws\.com(\.cn)?/, endpoint) : url;
}

export const Queue: Resource = {
  inputs: {
    name,
    ...Object.fromEntries(Object.entries(ATTRIBUTES).map(([property, { field }]) => [property, field])),
    ...regional,
    ...tagged,
  },
  outputs: ['arn', 'url'],
  notFound,
  identity: ['name'],
  parse: (id) => (/^https?:/.test(id) ? { url: addressOf(id) } : undefined),
  importForm: 'queue URL',
  async create(aws, inputs) {
    const { QueueUrl } = await (await aws.sqs()).createQueue({
      QueueName: string(inputs, 'name'),
      Attributes: { ...defaults, ...attributesOf(inputs) },
      tags: isObject(inputs.tags) ? (inputs.tags as Record<string, string>) : {},
    });
    if (!QueueUrl) throw new Error('CreateQueue gave no URL');
    return QueueUrl;
  },
  finish: propagated,
  id: (found) => string(found, 'url'),
  async read(aws, known) {
    const url = string(known, 'url');
    const attributes = await read(aws, url);
    const { Tags } = await ofFound((await aws.sqs()).listQueueTags({ QueueUrl: url }));
    const found = Object.entries(ATTRIBUTES).map(([property, { attribute, field }]) => [
      property,
      typedValue(field, attributes[attribute]),
    ]);
    return {
      ...Object.fromEntries(found),
      name: url.split('/').pop(),
      arn: attributes.QueueArn,
      url,
      tags: Tags ?? {},
    };
  },
  async update(aws, inputs, old, oldInputs) {
    const Attributes = attributesOf(inputs, oldInputs);
    await (await aws.sqs()).setQueueAttributes({ QueueUrl: string(old, 'url'), Attributes });
    await propagated();
  },
  tag: async (aws, old, Tags) => (await aws.sqs()).tagQueue({ QueueUrl: string(old, 'url'), Tags }),
  untag: async (aws, old, TagKeys) => (await aws.sqs()).untagQueue({ QueueUrl: string(old, 'url'), TagKeys }),
  delete: async (aws, old) => (await aws.sqs()).deleteQueue({ QueueUrl: string(old, 'url') }),
};

async function setPolicy(aws: Aws, QueueUrl: string, Policy: string): Promise<void> {
  await (await aws.sqs()).setQueueAttributes({ QueueUrl, Attributes: { Policy } });
  await propagated();
}

export const QueuePolicy: Resource = {
  inputs: {
    queueUrl: name,
    policy: { kind: 'policy', required: true },
    ...regional,
  },
  outputs: [],
  notFound,
  identity: ['queueUrl'],
  parse: (id) => (/^https?:/.test(id) ? { queueUrl: id } : undefined),
  importForm: 'queue URL',
  async create(aws, inputs) {
    const url = string(inputs, 'queueUrl');
    await setPolicy(aws, url, string(inputs, 'policy'));
    return url;
  },
  async read(aws, known) {
    const queueUrl = string(known, 'queueUrl');
    const { Policy: policy } = await read(aws, queueUrl);
    return policy ? { queueUrl, policy } : undefined;
  },
  update: (aws, inputs) => setPolicy(aws, string(inputs, 'queueUrl'), string(inputs, 'policy')),
  // As in the official plugin, the queue's policy is then empty, also one that the queue itself was given.
  delete: (aws, old) => setPolicy(aws, string(old, 'queueUrl'), ''),
};
