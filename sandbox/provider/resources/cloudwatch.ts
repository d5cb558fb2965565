import type { PutMetricAlarmInput } from '@aws-sdk/client-cloudwatch';
import type { Aws } from '../protocol/clients.ts';
import { isObject, type Properties } from '../protocol/field.ts';
import {
  integer,
  name,
  namedBy,
  ofFound,
  optional,
  type Resource,
  regional,
  string,
  tagged,
  tagList,
  tagMap,
  text,
} from '../protocol/resource.ts';

const actions = { kind: 'strings' } as const;

async function put(aws: Aws, inputs: Properties): Promise<string> {
  const AlarmName = string(inputs, 'name');
  const dimensions = isObject(inputs.dimensions) ? inputs.dimensions : {};
  await (await aws.cloudwatch()).putMetricAlarm({
    AlarmName,
    AlarmDescription: optional(inputs, 'alarmDescription'),
    ActionsEnabled: optional(inputs, 'actionsEnabled') ?? true,
    AlarmActions: optional(inputs, 'alarmActions'),
    OKActions: optional(inputs, 'okActions'),
    InsufficientDataActions: optional(inputs, 'insufficientDataActions'),
    MetricName: optional(inputs, 'metricName'),
    Namespace: optional(inputs, 'namespace'),
    Statistic: optional<string>(inputs, 'statistic') as PutMetricAlarmInput['Statistic'],
    Dimensions: Object.entries(dimensions).map(([Name, value]) => ({ Name, Value: String(value) })),
    Period: optional(inputs, 'period'),
    EvaluationPeriods: optional(inputs, 'evaluationPeriods'),
    DatapointsToAlarm: optional(inputs, 'datapointsToAlarm'),
    Threshold: optional(inputs, 'threshold'),
    ComparisonOperator: string(inputs, 'comparisonOperator') as PutMetricAlarmInput['ComparisonOperator'],
    TreatMissingData: optional(inputs, 'treatMissingData'),
    Tags: tagList(inputs.tags),
  });
  return AlarmName;
}

/** An alarm on one metric. */
export const MetricAlarm: Resource = {
  inputs: {
    name,
    comparisonOperator: { kind: 'string', required: true },
    evaluationPeriods: { ...integer, required: true },
    metricName: text,
    namespace: text,
    statistic: text,
    dimensions: { kind: 'map' },
    period: integer,
    threshold: { kind: 'number' },
    datapointsToAlarm: integer,
    treatMissingData: { kind: 'string', default: 'missing' },
    actionsEnabled: { kind: 'boolean', default: true },
    alarmActions: actions,
    okActions: actions,
    insufficientDataActions: actions,
    alarmDescription: text,
    ...regional,
    ...tagged,
  },
  outputs: ['arn'],
  notFound: ['ResourceNotFound'],
  ...namedBy('name'),
  create: put,
  async read(aws, known) {
    const cloudwatch = await aws.cloudwatch();
    const { MetricAlarms } = await cloudwatch.describeAlarms({ AlarmNames: [string(known, 'name')] });
    const found = MetricAlarms?.[0];
    if (!found) return undefined;
    const { Tags } = await ofFound(cloudwatch.listTagsForResource({ ResourceARN: found.AlarmArn }));
    return {
      name: found.AlarmName,
      comparisonOperator: found.ComparisonOperator,
      evaluationPeriods: found.EvaluationPeriods,
      metricName: found.MetricName,
      namespace: found.Namespace,
      statistic: found.Statistic,
      dimensions: Object.fromEntries((found.Dimensions ?? []).map(({ Name, Value }) => [Name, Value ?? ''])),
      period: found.Period,
      threshold: found.Threshold,
      datapointsToAlarm: found.DatapointsToAlarm,
      treatMissingData: found.TreatMissingData,
      actionsEnabled: found.ActionsEnabled,
      alarmActions: found.AlarmActions,
      okActions: found.OKActions,
      insufficientDataActions: found.InsufficientDataActions,
      alarmDescription: found.AlarmDescription,
      arn: found.AlarmArn,
      tags: tagMap(Tags),
    };
  },
  // PutMetricAlarm replaces every setting, and ignores tags of an alarm that exists
  update: (aws, inputs) => put(aws, { ...inputs, tags: undefined }),
  tag: async (aws, old, tags) =>
    (await aws.cloudwatch()).tagResource({ ResourceARN: string(old, 'arn'), Tags: tagList(tags) }),
  untag: async (aws, old, TagKeys) =>
    (await aws.cloudwatch()).untagResource({ ResourceARN: string(old, 'arn'), TagKeys }),
  delete: async (aws, old) => (await aws.cloudwatch()).deleteAlarms({ AlarmNames: [string(old, 'name')] }),
};
