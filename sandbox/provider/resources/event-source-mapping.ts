import type { EventSourceMappingConfiguration, FunctionResponseType } from '@aws-sdk/client-lambda';
import type { Aws } from '../protocol/clients.ts';
import type { Properties } from '../protocol/field.ts';
import {
  integer,
  nested,
  optional,
  type Resource,
  regional,
  string,
  tagged,
  unless,
  whileIamSettles,
} from '../protocol/resource.ts';

const GONE = 'ResourceNotFoundException';

const settingsOf = (inputs: Properties) => ({
  FunctionName: string(inputs, 'functionName'),
  Enabled: optional<boolean>(inputs, 'enabled') ?? true,
  BatchSize: optional<number>(inputs, 'batchSize') ?? 10,
  MaximumBatchingWindowInSeconds: optional<number>(inputs, 'maximumBatchingWindowInSeconds') ?? 0,
  FunctionResponseTypes: (optional<string[]>(inputs, 'functionResponseTypes') ??
    []) as FunctionResponseType[],
  ScalingConfig: {
    MaximumConcurrency: optional<number>(nested(inputs, 'scalingConfig'), 'maximumConcurrency'),
  },
});

async function find(aws: Aws, UUID: string): Promise<EventSourceMappingConfiguration | undefined> {
  return unless((await aws.lambda()).getEventSourceMapping({ UUID }), GONE);
}

/** Returns when the mapping is in no transitional state; at most a minute. */
async function settled(aws: Aws, id: string): Promise<void> {
  for (const until = Date.now() + 60_000; ; ) {
    const { State = '' } = (await find(aws, id)) ?? {};
    if (!/ing$/.test(State)) return;
    if (Date.now() > until) throw new Error(`the event source mapping was still ${State} after 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** The mapping of a queue to a function. AWS chooses its id. */
export const EventSourceMapping: Resource = {
  inputs: {
    eventSourceArn: { kind: 'string', required: true, replace: true },
    functionName: { kind: 'string', required: true },
    enabled: { kind: 'boolean', default: true },
    batchSize: { ...integer, default: 10 },
    maximumBatchingWindowInSeconds: { ...integer, default: 0 },
    functionResponseTypes: { kind: 'strings' },
    scalingConfig: { kind: 'object', fields: { maximumConcurrency: integer } },
    ...regional,
    ...tagged,
  },
  outputs: ['arn', 'functionArn', 'uuid'],
  identity: ['eventSourceArn'],
  parse: (id) => (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? { uuid: id } : undefined),
  importForm: 'UUID',
  id: (found) => string(found, 'uuid'),
  async create(aws, inputs) {
    const lambda = await aws.lambda();
    const EventSourceArn = string(inputs, 'eventSourceArn');
    const { UUID } = await whileIamSettles(() =>
      lambda.createEventSourceMapping({
        EventSourceArn,
        ...settingsOf(inputs),
        Tags: inputs.tags as Record<string, string>,
      }),
    );
    if (!UUID) throw new Error('CreateEventSourceMapping gave no UUID');
    return UUID;
  },
  finish: (aws, _inputs, id) => settled(aws, id),
  async read(aws, known) {
    const found = await find(aws, string(known, 'uuid'));
    if (!found) return undefined;
    const { Tags = {} } = await (await aws.lambda()).listTags({ Resource: found.EventSourceMappingArn });
    return {
      eventSourceArn: found.EventSourceArn,
      functionName: found.FunctionArn,
      enabled: found.State === 'Enabled' || found.State === 'Enabling',
      batchSize: found.BatchSize,
      maximumBatchingWindowInSeconds: found.MaximumBatchingWindowInSeconds,
      functionResponseTypes: found.FunctionResponseTypes,
      scalingConfig: { maximumConcurrency: found.ScalingConfig?.MaximumConcurrency ?? null },
      arn: found.EventSourceMappingArn,
      functionArn: found.FunctionArn,
      uuid: found.UUID,
      tags: Object.fromEntries(Object.entries(Tags).filter(([key]) => !key.startsWith('aws:'))),
    };
  },
  async update(aws, inputs, old) {
    const UUID = string(old, 'uuid');
    await (await aws.lambda()).updateEventSourceMapping({ UUID, ...settingsOf(inputs) });
    await settled(aws, UUID);
  },
  async tag(aws, old, tags, remove) {
    const lambda = await aws.lambda();
    const Resource = string(old, 'arn');
    if (remove.length > 0) await lambda.untagResource({ Resource, TagKeys: remove });
    if (Object.keys(tags).length > 0) await lambda.tagResource({ Resource, Tags: tags });
  },
  async delete(aws, old) {
    const UUID = string(old, 'uuid');
    await unless((await aws.lambda()).deleteEventSourceMapping({ UUID }), GONE);
    await settled(aws, UUID);
  },
};
