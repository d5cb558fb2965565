import type { Properties } from '../protocol/field.ts';
import {
  name,
  namedBy,
  nested,
  ofFound,
  optional,
  type Resource,
  regional,
  string,
  tagged,
  tagList,
  tagMap,
  text,
  whileIamSettles,
} from '../protocol/resource.ts';

export const notFound = ['ResourceNotFoundException'];
export const bus = { kind: 'string', default: 'default', replace: true } as const;
export const deadLetter = { kind: 'object', fields: { arn: text } } as const;
export const busOf = (properties: Properties): string =>
  optional<string>(properties, 'eventBusName') ?? 'default';
export const deadLetterOf = (properties: Properties) => {
  const arn = optional<string>(nested(properties, 'deadLetterConfig'), 'arn');
  return arn ? { Arn: arn } : undefined;
};

const tagging: Pick<Resource, 'tag' | 'untag'> = {
  tag: async (aws, old, tags) =>
    (await aws.events()).tagResource({ ResourceARN: string(old, 'arn'), Tags: tagList(tags) }),
  untag: async (aws, old, TagKeys) =>
    (await aws.events()).untagResource({ ResourceARN: string(old, 'arn'), TagKeys }),
};

export const EventBus: Resource = {
  inputs: { name, description: text, deadLetterConfig: deadLetter, ...regional, ...tagged },
  outputs: ['arn'],
  notFound,
  ...namedBy('name'),
  async create(aws, inputs) {
    const Name = string(inputs, 'name');
    await (await aws.events()).createEventBus({
      Name,
      Description: optional(inputs, 'description'),
      DeadLetterConfig: deadLetterOf(inputs),
      Tags: tagList(inputs.tags),
    });
    return Name;
  },
  async read(aws, known) {
    const events = await aws.events();
    const found = await events.describeEventBus({ Name: string(known, 'name') });
    const { Tags } = await ofFound(events.listTagsForResource({ ResourceARN: found.Arn }));
    return {
      name: found.Name,
      description: found.Description,
      deadLetterConfig: { arn: found.DeadLetterConfig?.Arn ?? null },
      arn: found.Arn,
      tags: tagMap(Tags),
    };
  },
  async update(aws, inputs) {
    await (await aws.events()).updateEventBus({
      Name: string(inputs, 'name'),
      Description: optional<string>(inputs, 'description') ?? '',
      DeadLetterConfig: deadLetterOf(inputs) ?? {},
    });
  },
  ...tagging,
  delete: async (aws, old) => (await aws.events()).deleteEventBus({ Name: string(old, 'name') }),
};

const putPolicy: Resource['create'] = async (aws, inputs) => {
  const EventBusName = busOf(inputs);
  await (await aws.events()).putPermission({ EventBusName, Policy: string(inputs, 'policy') });
  return EventBusName;
};

export const EventBusPolicy: Resource = {
  inputs: { eventBusName: bus, policy: { kind: 'policy', required: true }, ...regional },
  outputs: [],
  notFound,
  ...namedBy('eventBusName', 'event bus name'),
  create: putPolicy,
  update: putPolicy,
  async read(aws, known) {
    const { Name, Policy } = await (await aws.events()).describeEventBus({ Name: busOf(known) });
    return Policy ? { eventBusName: Name, policy: Policy } : undefined;
  },
  delete: async (aws, old) =>
    (await aws.events()).removePermission({ EventBusName: busOf(old), RemoveAllPermissions: true }),
};

const putRule: Resource['create'] = async (aws, inputs) => {
  const EventBusName = busOf(inputs);
  const Name = string(inputs, 'name');
  const events = await aws.events();
  await whileIamSettles(() =>
    events.putRule({
      Name,
      EventBusName,
      EventPattern: optional(inputs, 'eventPattern'),
      ScheduleExpression: optional(inputs, 'scheduleExpression'),
      State: optional(inputs, 'state'),
      Description: optional(inputs, 'description') ?? '',
      Tags: tagList(inputs.tags),
    }),
  );
  return EventBusName === 'default' ? Name : `${EventBusName}/${Name}`;
};

export const EventRule: Resource = {
  inputs: {
    name,
    eventBusName: bus,
    eventPattern: { kind: 'json' },
    scheduleExpression: text,
    // as in the official provider: no default, and a state that the program leaves out is never a difference
    state: { kind: 'string', computed: true },
    description: text,
    ...regional,
    ...tagged,
  },
  outputs: ['arn'],
  notFound,
  identity: ['eventBusName', 'name'],
  parse(id) {
    const [rule = '', eventBusName = 'default'] = id.split('/').reverse();
    return { eventBusName, name: rule };
  },
  importForm: 'name or event-bus/name',
  create: putRule,
  async read(aws, known) {
    const events = await aws.events();
    const EventBusName = busOf(known);
    const found = await events.describeRule({ Name: string(known, 'name'), EventBusName });
    const { Tags } = await ofFound(events.listTagsForResource({ ResourceARN: found.Arn }));
    return {
      name: found.Name,
      eventBusName: found.EventBusName ?? EventBusName,
      // the official plugin sets it only if AWS has one (`resourceRuleRead` in internal/service/events/rule.go)
      eventPattern: found.EventPattern ?? known.eventPattern,
      scheduleExpression: found.ScheduleExpression,
      state: found.State,
      description: found.Description,
      arn: found.Arn,
      tags: tagMap(Tags),
    };
  },
  // PutRule replaces every attribute, and refuses tags for a rule that exists
  update: (aws, inputs) => putRule(aws, { ...inputs, tags: undefined }),
  ...tagging,
  delete: async (aws, old) =>
    (await aws.events()).deleteRule({ Name: string(old, 'name'), EventBusName: busOf(old) }),
};
