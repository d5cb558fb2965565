import { expect, test } from 'vitest';
import type { Aws } from '../../../../sandbox/provider/protocol/clients.ts';
import type { Properties } from '../../../../sandbox/provider/protocol/field.ts';
import { readState } from '../../../../sandbox/provider/protocol/lifecycle.ts';
import { resourceOf } from '../../../../sandbox/provider/table.ts';

/** Clients of which the first so many calls have an answer, and the later ones say that the resource does not exist. */
function clientsOf(type: string, answers: readonly object[]): Aws {
  const [name = ''] = resourceOf(type).notFound;
  const left = [...answers];
  const call = async () => left.shift() ?? Promise.reject(Object.assign(new Error('of it'), { name }));
  const client = new Proxy({}, { get: (_, key) => (key === 'then' ? undefined : call) });
  return new Proxy({} as Aws, { get: (_, key) => (key === 'region' ? 'eu-west-1' : async () => client) });
}

const read = (type: string, known: Properties, answers: readonly object[]) =>
  readState(resourceOf(type), clientsOf(type, answers), known, {}, {});

const listed = { logGroupName: 'a', arn: 'arn' };
const described = { Table: { TableName: 'a', TableStatus: 'ACTIVE', TableArn: 'arn' } };
const mapping = { uuid: '00000000-0000-0000-0000-000000000000' };
const trail = { TrailARN: 'arn', HasCustomEventSelectors: true };

/** Type, what identifies the resource, and the answers of all calls but the last. */
const rows: [string, Properties, object[]][] = [
  ['aws:cloudwatch/eventBus:EventBus', { name: 'a' }, [{ Name: 'a' }]],
  ['aws:cloudwatch/eventRule:EventRule', { name: 'a' }, [{ Name: 'a' }]],
  ['aws:cloudwatch/metricAlarm:MetricAlarm', { name: 'a' }, [{ MetricAlarms: [{}] }]],
  ['aws:cloudwatch/logGroup:LogGroup', { name: 'a' }, [{ logGroups: [listed] }]],
  ['aws:cloudtrail/trail:Trail', { name: 'a' }, [{ trailList: [trail] }, {}, {}]],
  ['aws:dynamodb/table:Table', { name: 'a' }, [described, {}, {}]],
  ['aws:iam/role:Role', { name: 'a' }, [{ Role: { RoleName: 'a' } }, {}]],
  ['aws:lambda/eventSourceMapping:EventSourceMapping', mapping, [{ UUID: mapping.uuid }]],
  ['aws:lambda/function:Function', { name: 'a' }, [{ Configuration: { FunctionArn: 'arn' } }, {}, {}]],
  ['aws:sqs/queue:Queue', { url: 'https://queue' }, [{ Attributes: {} }]],
];

test.each(rows)(
  'a read of %s fails when a call after the one that finds it says that it does not exist',
  async (type, known, answers) => {
    for (let answered = 1; answered <= answers.length; answered += 1)
      await expect(read(type, known, answers.slice(0, answered))).rejects.toThrow(
        `${resourceOf(type).notFound[0]}: of it`,
      );
    expect(await read(type, known, [])).toBeUndefined();
  },
);
