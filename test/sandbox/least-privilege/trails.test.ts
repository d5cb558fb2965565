import { readFile } from 'node:fs/promises';
import { DeleteTrailCommand } from '@aws-sdk/client-cloudtrail';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { S3 } from '@aws-sdk/client-s3';
import { SNS } from '@aws-sdk/client-sns';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { trailBucket } from '../../../programs/names.ts';
import type { World } from '../../../sandbox/demo/world.ts';
import { awsClients, type InRegion } from '../../../sandbox/provider/protocol/clients.ts';
import type { Properties } from '../../../sandbox/provider/protocol/field.ts';
import { table } from '../../../sandbox/provider/table.ts';
import { type Sandbox, startSandbox } from '../../../sandbox/sandbox.ts';
import { accountArgs, declare } from '../../unit/programs/declared.ts';
import { type Document, deployerPolicy, hub, limitedRole } from '../../worlds/least-privilege.ts';
import { failuresToTell } from './announcement.ts';
import { maintain } from './calls.ts';

const place = { accountId: '300000000001', region: 'eu-west-1' };
const file = new URL('../../../docs/deployer-trails-policy.json', import.meta.url);
const policy: Document = JSON.parse(await readFile(file, 'utf8'));
const actions = policy.Statement.flatMap(({ Action }) => Action);
const reading = deployerPolicy.Statement.filter(({ Sid }) => Sid === 'CheckRegionsAndTrails');

/** Calls of the official AWS provider that the sandbox's stand-in does not make. */
const officialProviderOnly = [
  'cloudtrail:GetInsightSelectors', // at reads of a trail with insights
  'cloudtrail:StopLogging', // only where a program says so, and a trail that is to log, stopped by hand, is started
  // The newer form of the tags of a bucket, which the emulator lacks.
  's3:ListTagsForResource',
  's3:TagResource',
  's3:UntagResource',
];

/** S3's calls whose IAM actions have other names. Source: "Actions, resources, and condition keys for Amazon S3". */
const actionOf: Record<string, string> = {
  's3:HeadBucket': 's3:ListBucket',
  's3:GetBucketAccelerateConfiguration': 's3:GetAccelerateConfiguration',
  's3:GetBucketCors': 's3:GetBucketCORS',
  's3:GetBucketReplication': 's3:GetReplicationConfiguration',
  's3:GetObjectLockConfiguration': 's3:GetBucketObjectLockConfiguration',
  's3:GetBucketEncryption': 's3:GetEncryptionConfiguration',
  's3:PutBucketEncryption': 's3:PutEncryptionConfiguration',
  's3:GetBucketLifecycleConfiguration': 's3:GetLifecycleConfiguration',
  's3:PutBucketLifecycleConfiguration': 's3:PutLifecycleConfiguration',
  's3:GetPublicAccessBlock': 's3:GetBucketPublicAccessBlock',
  's3:PutPublicAccessBlock': 's3:PutBucketPublicAccessBlock',
};

let sandbox: Sandbox;
let declared: { type: string; inputs: Properties }[];

beforeAll(async () => {
  sandbox = await startSandbox({ seed: false });
  vi.stubEnv('AWS_ENDPOINT_URL', sandbox.endpoint);
  const all = await declare({ ...accountArgs(), trail: { region: place.region, retentionDays: 30 } });
  declared = all
    .filter(({ type }) => /^aws:(s3|cloudtrail)\//.test(type))
    .sort((a, b) => rank(a.type) - rank(b.type));
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sandbox?.stop();
});

/** The bucket first, the trail last. */
const rank = (type: string) => (type.endsWith('bucket:Bucket') ? 0 : type.endsWith('trail:Trail') ? 2 : 1);

/** The provider's clients with a role that the documents permit, less one statement; and what they call. */
async function clientsWith(lacking?: string): Promise<{ inRegion: InRegion; calls: Set<string> }> {
  const statements = [...reading, ...policy.Statement].filter(({ Sid }) => Sid !== lacking);
  const bare = statements.map(({ Action, Resource }) => ({ Action, Resource }));
  const { credentials } = await limitedRole(sandbox, place, ...bare);
  vi.stubEnv('AWS_ACCESS_KEY_ID', credentials.accessKeyId);
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', credentials.secretAccessKey);
  vi.stubEnv('AWS_SESSION_TOKEN', credentials.sessionToken);
  const inRegion = awsClients({
    region: place.region,
    assumeRoles: [],
    allowedAccountIds: [],
    forbiddenAccountIds: [],
    defaultTags: {},
    skipCredentialsValidation: true,
  });
  const calls = new Set<string>();
  for (const service of ['cloudtrail', 's3'] as const) {
    const client = (await inRegion()[service]()) as Awaited<ReturnType<ReturnType<InRegion>['cloudtrail']>>;
    client.middlewareStack.add(
      (next, context) => (args) => {
        const call = `${service}:${context.commandName?.replace(/Command$/, '')}`;
        calls.add(actionOf[call] ?? call);
        return next(args);
      },
      { step: 'initialize', name: 'record' },
    );
  }
  return { inRegion, calls };
}

const resourceOf = (type: string) => table[type] ?? expect.fail(`no ${type}`);

describe('docs/deployer-trails-policy.json', () => {
  it('makes and keeps the trail with its bucket, and takes the trail away again, with its calls, all of them', async () => {
    const { inRegion, calls } = await clientsWith();
    const aws = inRegion();
    for (const { type, inputs } of declared) {
      const resource = resourceOf(type);
      const id = await resource.create(aws, inputs);
      await resource.finish?.(aws, inputs, id);
      const outputs = { ...inputs, ...(await resource.read(aws, { ...inputs, ...resource.parse(id) })) };
      expect(await maintain({ type, resource, inputs, outputs }, aws)).toEqual([]);
    }
    const [trail] = declared.slice(-1);
    const arn = `arn:aws:cloudtrail:${place.region}:${place.accountId}:trail/portcullis`;
    await resourceOf(trail?.type ?? '').delete(aws, { arn });
    const permitted = [...actions, ...reading.flatMap(({ Action }) => Action)];
    expect([...calls].filter((call) => !permitted.includes(call))).toEqual([]);
    expect(actions.filter((action) => !calls.has(action) && !officialProviderOnly.includes(action))).toEqual(
      [],
    );
  });

  it.each(policy.Statement.map(({ Sid }) => Sid))('without %s is refused what that permits', async (sid) => {
    const { inRegion } = await clientsWith(sid);
    const own = declared.filter(({ type }) =>
      type.startsWith(sid === 'MakeTheTrail' ? 'aws:cloudtrail' : 'aws:s3'),
    );
    for (const { type, inputs } of own) {
      await expect(resourceOf(type).create(inRegion(), inputs)).rejects.toThrow(
        /not authorized|AccessDenied|Access Denied|Unknown|Forbidden/i,
      );
    }
  });

  it('touches no other trail, no other bucket, and no log file', async () => {
    const { inRegion } = await clientsWith();
    const aws = inRegion();
    const cloudTrail = await aws.cloudtrail();
    const s3 = await aws.s3();
    const Bucket = trailBucket(place.accountId);
    const root = new S3(sandbox.root(place.accountId, place.region));
    await root.createBucket({ Bucket: 'another-bucket' });
    await root.putObject({ Bucket, Key: 'AWSLogs/one', Body: '{}' });
    const refused = /not authorized|AccessDenied|Access Denied/i;
    const acts: (() => Promise<unknown>)[] = [
      () => cloudTrail.createTrail({ Name: 'another', S3BucketName: Bucket }),
      () => cloudTrail.send(new DeleteTrailCommand({ Name: 'another' })),
      () => s3.createBucket({ Bucket: 'a-third-bucket' }),
      () => s3.putBucketPolicy({ Bucket: 'another-bucket', Policy: '{}' }),
      () => s3.putObject({ Bucket, Key: 'AWSLogs/forged', Body: '{}' }),
      () => s3.getObject({ Bucket, Key: 'AWSLogs/one' }),
      () => s3.deleteObject({ Bucket, Key: 'AWSLogs/one' }),
      () => s3.deleteBucketPolicy({ Bucket }),
      () => s3.deleteBucket({ Bucket }),
    ];
    for (const act of acts) await expect(act()).rejects.toThrow(refused);
  });

  it('names every action and no resource but these', () => {
    expect(actions.filter((action) => action.includes('*'))).toEqual([]);
    expect(policy.Statement.flatMap(({ Resource }) => Resource)).toEqual([
      'arn:aws:cloudtrail:*:*:trail/portcullis',
      'arn:aws:s3:::portcullis-trail-*',
    ]);
  });
});

describe('the statements of docs/deployer-hub-policy.json that tell of coverage', () => {
  const reported = deployerPolicy.Statement.filter(({ Sid }) => Sid.startsWith('HubTell'));
  const failuresWithout = async (lacking?: string) => {
    await new EventBridge(sandbox.root(hub.accountId, hub.region))
      .createEventBus({ Name: 'portcullis' })
      .catch((error: Error) => expect(error.name).toBe('ResourceAlreadyExistsException'));
    const kept = reported.filter(({ Sid }) => Sid !== lacking);
    const nothing = { Action: 'sts:GetCallerIdentity', Resource: '*' };
    const bare = [nothing, ...kept.map(({ Action, Resource }) => ({ Action, Resource }))];
    const settings = await limitedRole(sandbox, hub, ...bare);
    const failures = await failuresToTell({ sandbox } as World, {
      eventBridge: async () => new EventBridge(settings),
      sns: async () => new SNS(settings),
    });
    return failures.map(
      (error) => /not authorized to perform: (\S+)/.exec(String(error))?.[1] ?? String(error),
    );
  };

  it('are enough', async () => {
    expect(reported).toHaveLength(2);
    expect(await failuresWithout()).toEqual([]);
  });

  it.each([
    ['HubTellTheBus', 'events:PutEvents'],
    ['HubTellTheTopics', 'sns:Publish'],
  ])('are needed: without %s %s is refused', async (sid, action) => {
    expect(await failuresWithout(sid)).toEqual([action]);
  });
});
