import type { Properties } from './field.ts';
import {
  integer,
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
  whileIamSettles,
} from './resource.ts';

const GONE = 'ResourceNotFoundException';
const bus = { kind: 'string', default: 'default', replace: true } as const;
const deadLetter = { kind: 'object', fields: { arn: text } } as const;
const busOf = (properties: Properties): string => optional<string>(properties, 'eventBusName') ?? 'default';
const deadLetterOf = (properties: Properties) => {
  const arn = optional<string>(nested(properties, 'deadLetterConfig'), 'arn');
  return arn ? { Arn: arn } : undefined;
};

const tag: Resource['tag'] = async (aws, old, tags, remove) => {
  const events = await aws.events();
  const ResourceARN = string(old, 'arn');
  if (remove.length > 0) await events.untagResource({ ResourceARN, TagKeys: remove });
  if (Object.keys(tags).length > 0) await events.tagResource({ ResourceARN, Tags: tagList(tags) });
};

export const EventBus: Resource = {
  inputs: { name, description: text, deadLetterConfig: deadLetter, ...regional, ...tagged },
  outputs: ['arn'],
  identity: ['name'],
  parse: (id) => ({ name: id }),
  importForm: 'name',
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
    const found = await unless(events.describeEventBus({ Name: string(known, 'name') }), GONE);
    if (!found) return undefined;
    const { Tags } = await events.listTagsForResource({ ResourceARN: found.Arn });
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
  tag,
  async delete(aws, old) {
    await unless((await aws.events()).deleteEventBus({ Name: string(old, 'name') }), GONE);
  },
};

const putPolicy: Resource['create'] = async (aws, inputs) => {
  const EventBusName = busOf(inputs);
  await (await aws.events()).putPermission({ EventBusName, Policy: string(inputs, 'policy') });
  return EventBusName;
};

export const EventBusPolicy: Resource = {
  inputs: { eventBusName: bus, policy: { kind: 'policy', required: true }, ...regional },
  outputs: [],
  identity: ['eventBusName'],
  parse: (id) => ({ eventBusName: id }),
  importForm: 'event bus name',
  create: putPolicy,
  async read(aws, known) {
    const found = await unless((await aws.events()).describeEventBus({ Name: busOf(known) }), GONE);
    return found?.Policy ? { eventBusName: found.Name, policy: found.Policy } : undefined;
  },
  async update(aws, inputs) {
    await putPolicy(aws, inputs);
  },
  async delete(aws, old) {
    const events = await aws.events();
    await unless(events.removePermission({ EventBusName: busOf(old), RemoveAllPermissions: true }), GONE);
  },
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
      State: optional(inputs, 'state') ?? 'ENABLED',
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
    state: { kind: 'string', default: 'ENABLED' },
    description: text,
    ...regional,
    ...tagged,
  },
  outputs: ['arn'],
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
    const found = await unless(events.describeRule({ Name: string(known, 'name'), EventBusName }), GONE);
    if (!found) return undefined;
    const { Tags } = await events.listTagsForResource({ ResourceARN: found.Arn });
    return {
      name: found.Name,
      eventBusName: found.EventBusName ?? EventBusName,
      eventPattern: found.EventPattern,
      scheduleExpression: found.ScheduleExpression,
      state: found.State,
      description: found.Description,
      arn: found.Arn,
      tags: tagMap(Tags),
    };
  },
  async update(aws, inputs) {
    // PutRule replaces every attribute, and refuses tags for a rule that exists
    await putRule(aws, { ...inputs, tags: undefined });
  },
  tag,
  async delete(aws, old) {
    const events = await aws.events();
    await unless(events.deleteRule({ Name: string(old, 'name'), EventBusName: busOf(old) }), GONE);
  },
};

const putTarget: Resource['create'] = async (aws, inputs) => {
  const EventBusName = busOf(inputs);
  const Rule = string(inputs, 'rule');
  const Id = string(inputs, 'targetId');
  const retry = nested(inputs, 'retryPolicy');
  const target = {
    Id,
    Arn: string(inputs, 'arn'),
    RoleArn: optional<string>(inputs, 'roleArn'),
    Input: optional<string>(inputs, 'input'),
    InputPath: optional<string>(inputs, 'inputPath'),
    DeadLetterConfig: deadLetterOf(inputs),
    RetryPolicy: {
      MaximumEventAgeInSeconds: optional<number>(retry, 'maximumEventAgeInSeconds'),
      MaximumRetryAttempts: optional<number>(retry, 'maximumRetryAttempts'),
    },
  };
  const events = await aws.events();
  const { FailedEntries } = await whileIamSettles(() =>
    events.putTargets({
      Rule,
      EventBusName,
      Targets: [{ ...target, RetryPolicy: inputs.retryPolicy ? target.RetryPolicy : undefined }],
    }),
  );
  const failed = FailedEntries?.[0];
  if (failed) throw new Error(`${failed.ErrorCode}: ${failed.ErrorMessage}`);
  return [...(EventBusName === 'default' ? [] : [EventBusName]), Rule, Id].join('-');
};

export const EventTarget: Resource = {
  inputs: {
    rule: name,
    eventBusName: bus,
    targetId: name,
    arn: { kind: 'string', required: true },
    roleArn: text,
    input: text,
    inputPath: text,
    deadLetterConfig: deadLetter,
    retryPolicy: {
      kind: 'object',
      fields: {
        maximumEventAgeInSeconds: { ...integer, default: 86_400 },
        maximumRetryAttempts: { ...integer, default: 185 },
      },
    },
    ...regional,
  },
  outputs: [],
  identity: ['eventBusName', 'rule', 'targetId'],
  parse(id) {
    const [targetId, rule, eventBusName = 'default'] = id.split('/').reverse();
    return targetId && rule ? { eventBusName, rule, targetId } : undefined;
  },
  importForm: 'rule/target-id or event-bus/rule/target-id',
  create: putTarget,
  async read(aws, known) {
    const events = await aws.events();
    const EventBusName = busOf(known);
    const Rule = string(known, 'rule');
    let NextToken: string | undefined;
    do {
      const page = await unless(events.listTargetsByRule({ Rule, EventBusName, NextToken }), GONE);
      const found = page?.Targets?.find(({ Id }) => Id === known.targetId);
      if (found) {
        return {
          rule: Rule,
          eventBusName: EventBusName,
          targetId: found.Id,
          arn: found.Arn,
          roleArn: found.RoleArn,
          input: found.Input,
          inputPath: found.InputPath,
          deadLetterConfig: { arn: found.DeadLetterConfig?.Arn ?? null },
          retryPolicy: {
            maximumEventAgeInSeconds: found.RetryPolicy?.MaximumEventAgeInSeconds ?? null,
            maximumRetryAttempts: found.RetryPolicy?.MaximumRetryAttempts ?? null,
          },
        };
      }
      NextToken = page?.NextToken;
    } while (NextToken);
    return undefined;
  },
  async update(aws, inputs) {
    await putTarget(aws, inputs);
  },
  async delete(aws, old) {
    const ids = { Rule: string(old, 'rule'), EventBusName: busOf(old), Ids: [string(old, 'targetId')] };
    const answer = await unless((await aws.events()).removeTargets(ids), GONE);
    const failed = answer?.FailedEntries?.find(({ ErrorCode }) => ErrorCode !== GONE);
    if (failed) throw new Error(`${failed.ErrorCode}: ${failed.ErrorMessage}`);
  },
};
