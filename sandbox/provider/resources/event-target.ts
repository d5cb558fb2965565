import type { Properties } from '../protocol/field.ts';
import {
  integer,
  name,
  nested,
  optional,
  type Resource,
  regional,
  string,
  text,
  whileIamSettles,
} from '../protocol/resource.ts';
import { bus, busOf, deadLetter, deadLetterOf, notFound } from './events.ts';

const idOf = (properties: Properties): string => {
  const bus = busOf(properties);
  const ids = [string(properties, 'rule'), string(properties, 'targetId')];
  return [...(bus === 'default' ? [] : [bus]), ...ids].join('-');
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
  return idOf(inputs);
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
  notFound,
  identity: ['eventBusName', 'rule', 'targetId'],
  parse(id) {
    const [targetId, rule, eventBusName = 'default'] = id.split('/').reverse();
    return targetId && rule ? { eventBusName, rule, targetId } : undefined;
  },
  importForm: 'rule/target-id or event-bus/rule/target-id',
  id: idOf,
  create: putTarget,
  update: putTarget,
  async read(aws, known) {
    const events = await aws.events();
    const EventBusName = busOf(known);
    const Rule = string(known, 'rule');
    let NextToken: string | undefined;
    do {
      const page = await events.listTargetsByRule({ Rule, EventBusName, NextToken });
      const found = page.Targets?.find(({ Id }) => Id === known.targetId);
      if (found) {
        return {
          rule: Rule,
          eventBusName: EventBusName,
          targetId: found.Id,
          arn: found.Arn,
          roleArn: found.RoleArn,
          input: found.Input,
          inputPath: found.InputPath,
          // As in the official plugin, one that was removed by hand stays in the state (source: `resourceTargetRead`
          // in internal/service/events/target.go).
          deadLetterConfig: found.DeadLetterConfig?.Arn
            ? { arn: found.DeadLetterConfig.Arn }
            : known.deadLetterConfig,
          retryPolicy: found.RetryPolicy
            ? {
                maximumEventAgeInSeconds: found.RetryPolicy.MaximumEventAgeInSeconds ?? null,
                maximumRetryAttempts: found.RetryPolicy.MaximumRetryAttempts ?? null,
              }
            : known.retryPolicy,
        };
      }
      NextToken = page.NextToken;
    } while (NextToken);
    return undefined;
  },
  async delete(aws, old) {
    const ids = { Rule: string(old, 'rule'), EventBusName: busOf(old), Ids: [string(old, 'targetId')] };
    const { FailedEntries } = await (await aws.events()).removeTargets(ids);
    const failed = FailedEntries?.find(({ ErrorCode = '' }) => !notFound.includes(ErrorCode));
    if (failed) throw new Error(`${failed.ErrorCode}: ${failed.ErrorMessage}`);
  },
};
