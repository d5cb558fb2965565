import type { FunctionResponseType } from '@aws-sdk/client-lambda';
import type { Aws } from '../protocol/clients.ts';
import type { Properties } from '../protocol/field.ts';
import {
  integer,
  nested,
  ofFound,
  optional,
  ownTags,
  type Resource,
  regional,
  settles,
  string,
  tagged,
  unless,
  whileIamSettles,
} from '../protocol/resource.ts';
import { lambdaTagging, notFound } from './lambda.ts';

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

/** Returns when the mapping is in no transitional state; at most a minute. */
const settled = (aws: Aws, id: string): Promise<void> =>
  settles(async () => {
    const mapping = (await aws.lambda()).getEventSourceMapping({ UUID: id });
    const { State = '' } = (await unless(mapping, ...notFound)) ?? {};
    return State.endsWith('ing') ? `the event source mapping was still ${State}` : undefined;
  });

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
  notFound,
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
    const lambda = await aws.lambda();
    const found = await lambda.getEventSourceMapping({ UUID: string(known, 'uuid') });
    const { Tags } = await ofFound(lambda.listTags({ Resource: found.EventSourceMappingArn }));
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
      tags: ownTags(Tags),
    };
  },
  async update(aws, inputs, old) {
    const UUID = string(old, 'uuid');
    await (await aws.lambda()).updateEventSourceMapping({ UUID, ...settingsOf(inputs) });
    await settled(aws, UUID);
  },
  ...lambdaTagging,
  async delete(aws, old) {
    const UUID = string(old, 'uuid');
    await (await aws.lambda()).deleteEventSourceMapping({ UUID });
    await settled(aws, UUID);
  },
};
