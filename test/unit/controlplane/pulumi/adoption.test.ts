import { describe, expect, test } from 'vitest';
import { adoptExisting, adoptPending } from '../../../../controlplane/pulumi/adoption.ts';
import { recordConflicts } from '../../../../controlplane/pulumi/conflicts.ts';
import { recordEvents } from '../../../../controlplane/pulumi/events.ts';
import { importId, isOurs } from '../../../../controlplane/pulumi/import-ids.ts';
import { accountArgs, type Declared, declare, hubArgs, regionArgs } from '../../programs/declared.ts';

const place = { partition: 'aws', accountId: '300000000001', region: 'eu-west-1' };
const role = 'aws:iam/role:Role';
const mapping = 'aws:lambda/eventSourceMapping:EventSourceMapping';
const urnOf = (type: string, name: string) => `urn:pulumi:account-1::portcullis::${type}::${name}`;
const provider = `${urnOf('pulumi:providers:aws', 'aws')}::0000`;
const candidate = (type: string, inputs: Record<string, unknown>, parent?: string) => ({
  urn: urnOf(type, String(inputs.name)),
  type,
  custom: true,
  provider,
  inputs,
  ...(parent && { parent }),
});
const exported = (pending: object[], resources: object[] = []) =>
  JSON.stringify({
    version: 3,
    deployment: { manifest: { time: 'then' }, resources, pending_operations: pending },
  });
const resourcesIn = (text: string | undefined) => JSON.parse(text ?? '{}').deployment.resources;

describe('the id of a resource', () => {
  const everything = async (): Promise<Declared[]> => {
    const cells = [{ region: 'eu-west-1', lifecycle: true }];
    const trail = { region: 'us-east-1', retentionDays: 90 };
    const account = { ...accountArgs(cells), trail } as never;
    return [
      ...(await declare(hubArgs())),
      ...(await declare(account)),
      ...(await declare(regionArgs({ region: 'eu-west-1', lifecycle: true }))),
    ].filter(({ type }) => type.startsWith('aws:'));
  };

  test('is known for everything that the programs declare, and each is one that we name', async () => {
    const declared = await everything();
    expect(declared.some(({ type }) => type === 'aws:cloudtrail/trail:Trail')).toBe(true);
    for (const { type, name, inputs } of declared) {
      if (type === mapping) continue; // AWS makes up its id
      expect(importId(type, inputs, place), `${type} ${name}`).toMatch(/portcullis/);
    }
    const conflicting = /Role|Function|LogGroup|Table|EventBus|Trail|Bucket|Permission/;
    for (const { type, name, inputs } of declared.filter((each) => conflicting.test(each.type))) {
      if (!/EventInvoke|Policy/.test(type)) expect(isOurs(inputs), `${type} ${name}`).toBe(true);
    }
  });

  test.each([
    [role, { name: 'portcullis-lambda', region: 'us-east-1' }, 'portcullis-lambda'],
    ['aws:iam/rolePolicy:RolePolicy', { role: 'a', name: 'b' }, 'a:b'],
    ['aws:cloudwatch/eventRule:EventRule', { name: 'rule' }, 'rule'],
    ['aws:cloudwatch/eventRule:EventRule', { name: 'rule', eventBusName: 'bus' }, 'bus/rule'],
    ['aws:cloudwatch/eventRule:EventRule', { name: 'rule', region: 'eu-west-1' }, 'rule@eu-west-1'],
    ['aws:cloudwatch/eventRule:EventRule', { name: 'rule', region: 'us-east-1' }, 'rule@us-east-1'],
    [
      'aws:sqs/queue:Queue',
      { name: 'q', region: 'us-east-1' },
      'https://sqs.us-east-1.amazonaws.com/300000000001/q@us-east-1',
    ],
  ])('of %s with %j is %s', (type, inputs, id) => {
    expect(importId(type, inputs, place)).toBe(id);
  });

  test('is unknown where the type is, or where a name is not known yet', () => {
    expect(importId('aws:ec2/instance:Instance', { name: 'x' }, place)).toBeUndefined();
    expect(importId(role, { name: { secret: true } }, place)).toBeUndefined();
  });
});

describe('creates that were under way', () => {
  test('are recorded to be read, and no operation is pending any more', () => {
    const pending = [{ type: 'creating', resource: candidate(role, { name: 'portcullis-lambda' }) }];
    const adoption = adoptPending(exported(pending), place);
    expect(adoption?.urns).toEqual([urnOf(role, 'portcullis-lambda')]);
    expect(JSON.parse(adoption?.text ?? '').deployment).toEqual({
      manifest: { time: 'then' },
      pending_operations: [],
      resources: [
        {
          urn: urnOf(role, 'portcullis-lambda'),
          type: role,
          custom: true,
          id: 'portcullis-lambda',
          provider,
          inputs: {},
          outputs: {},
        },
      ],
    });
  });

  test('that cannot be named, that the state knows, or whose parent it does not know, are left to the update', () => {
    const known = candidate(role, { name: 'known' });
    const creating = (resource: object) => ({ type: 'creating', resource });
    const pending = [
      creating({
        urn: urnOf('portcullis:index:Forwarding', 'f'),
        type: 'portcullis:index:Forwarding',
        inputs: {},
      }),
      creating(known),
      creating(candidate(role, { name: 'orphan' }, urnOf('portcullis:index:Forwarding', 'f'))),
      { type: 'updating', resource: candidate(role, { name: 'changed' }) },
    ];
    const adoption = adoptPending(exported(pending, [known]), place);
    expect(adoption?.urns).toEqual([]);
    expect(resourcesIn(adoption?.text)).toEqual([known]);
  });

  test('are none in a state without pending operations', () => {
    expect(adoptPending(exported([]), place)).toBeUndefined();
  });

  test('keep their order: what they depend on is in the state', () => {
    const lambda = candidate(role, { name: 'portcullis-lambda' });
    const policy = {
      ...candidate('aws:iam/rolePolicy:RolePolicy', { name: 'portcullis-lambda', role: 'portcullis-lambda' }),
      dependencies: [lambda.urn, urnOf(role, 'gone')],
    };
    const adoption = adoptPending(exported([{ type: 'creating', resource: policy }], [lambda]), place);
    expect(resourcesIn(adoption?.text)[1]).toMatchObject({ dependencies: [lambda.urn] });
  });

  test('keep being retained on delete', () => {
    const bucket = { ...candidate('aws:s3/bucket:Bucket', { bucket: 'portcullis-x' }), retainOnDelete: true };
    const adoption = adoptPending(exported([{ type: 'creating', resource: bucket }]), place);
    expect(resourcesIn(adoption?.text)).toMatchObject([{ id: 'portcullis-x', retainOnDelete: true }]);
  });
});

test('what exists already is taken over by our names alone', () => {
  const found = [candidate(role, { name: 'portcullis-lambda' }), candidate(role, { name: 'administrator' })];
  expect(adoptExisting(exported([]), found, place).urns).toEqual([urnOf(role, 'portcullis-lambda')]);
});

const failing = (message: string, op = 'create') => {
  const urn = urnOf(role, 'portcullis-lambda');
  const conflicts = recordConflicts();
  const step = { op, urn, type: role, new: { provider, inputs: { name: 'portcullis-lambda' } } };
  conflicts.onEvent({ resOpFailedEvent: { metadata: step } });
  conflicts.onEvent({ diagnosticEvent: { severity: 'error', urn, message } });
  return conflicts;
};

test.each([
  'creating IAM Role (portcullis-lambda): operation error IAM: CreateRole, https response error StatusCode: 409, RequestID: 0, EntityAlreadyExists: Role with name portcullis-lambda already exists.',
  'ResourceConflictException: Function already exist: portcullis-remediation',
  'ResourceInUseException: Table already exists: portcullis',
  'BucketAlreadyOwnedByYou: Your previous request succeeded',
])('%s is a conflict that names its resource', (message) => {
  expect(failing(message).taken()).toMatchObject([
    { type: role, provider, inputs: { name: 'portcullis-lambda' } },
  ]);
});

test('an event source mapping that exists is taken over by the id that AWS tells', () => {
  const id = '91eaeb7e-c976-1234-9451-8709db01f137';
  const urn = urnOf(mapping, 'portcullis-canary');
  const inputs = {
    eventSourceArn: 'arn:aws:sqs:eu-west-1:300000000001:portcullis-canary',
    functionName: 'arn:aws:lambda:eu-west-1:300000000001:function:portcullis-remediation',
  };
  const conflicts = recordConflicts();
  const step = { op: 'create', urn, type: mapping, new: { provider, inputs } };
  conflicts.onEvent({ resOpFailedEvent: { metadata: step } });
  const message = `ResourceConflictException: An event source mapping with SQS arn (" ${inputs.eventSourceArn} ") and function (" portcullis-remediation ") already exists. Please update or delete the existing mapping with UUID ${id}`;
  conflicts.onEvent({ diagnosticEvent: { severity: 'error', urn, message } });
  const { text, urns } = adoptExisting(exported([]), conflicts.taken(), place);
  expect(urns).toEqual([urn]);
  expect(resourcesIn(text)).toMatchObject([{ urn, id }]);
});

test('another failure, or that of an update, is no conflict', () => {
  expect(failing('AccessDenied: no').taken()).toEqual([]);
  expect(failing('ResourceConflictException: in progress', 'update').taken()).toEqual([]);
});

test("the engine's warning of pending operations is seen", () => {
  const conflicts = recordConflicts();
  const message =
    'Attempting to deploy or update resources with 2 pending operations from previous deployment.';
  conflicts.onEvent({ diagnosticEvent: { severity: 'warning', message } });
  expect(conflicts.leftOver()).toBe(true);
});

test('what a refresh finds of an adopted resource is reported as adopted, not as drift', () => {
  const events = recordEvents();
  const urn = urnOf(role, 'portcullis-lambda');
  events.adopt([urn, urnOf(role, 'never-made')]);
  const refresh = (of: string, found: object) => ({
    resOutputsEvent: {
      metadata: { op: 'refresh', urn: of, type: role, old: {}, detailedDiff: { name: {} }, ...found },
    },
  });
  events.onEvent(refresh(urn, { new: {} }));
  events.onEvent(refresh(urnOf(role, 'never-made'), {}));
  expect(events.record()).toMatchObject({
    drift: [],
    changes: [{ operation: 'adopt', type: role, name: 'portcullis-lambda' }],
  });
});
