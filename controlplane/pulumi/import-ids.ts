import { names, queueUrl } from '../../programs/names.ts';

/** Where a stack's resources are. */
export interface StackPlace {
  readonly partition: string;
  readonly accountId: string;
  readonly region: string;
}

type Inputs = Readonly<Record<string, unknown>>;
type IdOf = (input: (name: string) => string, place: StackPlace) => string;

const named: IdOf = (input) => input('name');
const onBus = (input: (name: string) => string): string => {
  const bus = input('eventBusName');
  return bus === '' || bus === 'default' ? '' : `${bus}/`;
};
const bucket: IdOf = (input) => input('bucket');

/** IAM is global: its resources have no Region of their own. */
const isGlobal = (type: string): boolean => type.startsWith('aws:iam/');

/**
 * How the AWS provider names each resource for import, from the inputs that the program gave it. Source: section
 * "Import" of each resource's page in the registry. A test holds it against what the programs declare. An event source
 * mapping is missing: AWS generates its id, and names it in the error about a second one (conflicts.ts). So is a queue's
 * policy as a resource of its own, which earlier releases declared: adopted, it would be deleted (retired.ts).
 */
const idOf: Readonly<Record<string, IdOf>> = {
  'aws:cloudtrail/trail:Trail': (input, { partition, accountId, region }) =>
    `arn:${partition}:cloudtrail:${region}:${accountId}:trail/${input('name')}`,
  'aws:cloudwatch/eventBus:EventBus': named,
  'aws:cloudwatch/eventBusPolicy:EventBusPolicy': (input) => input('eventBusName'),
  'aws:cloudwatch/eventRule:EventRule': (input) => `${onBus(input)}${input('name')}`,
  'aws:cloudwatch/eventTarget:EventTarget': (input) => `${onBus(input)}${input('rule')}/${input('targetId')}`,
  'aws:cloudwatch/logGroup:LogGroup': named,
  'aws:cloudwatch/metricAlarm:MetricAlarm': named,
  'aws:dynamodb/table:Table': named,
  'aws:iam/role:Role': named,
  'aws:iam/rolePolicy:RolePolicy': (input) => `${input('role')}:${input('name')}`,
  'aws:lambda/function:Function': named,
  'aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig': (input) => input('functionName'),
  'aws:lambda/permission:Permission': (input) => `${input('function')}/${input('statementId')}`,
  'aws:s3/bucket:Bucket': bucket,
  'aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration': bucket,
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': bucket,
  'aws:s3/bucketPolicy:BucketPolicy': bucket,
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': bucket,
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': bucket,
  'aws:sqs/queue:Queue': (input, place) => queueUrl(place, input('name')),
};

/**
 * The id to import a resource by, or undefined where its type has none here or an input is not known yet. A resource
 * that names its Region has an id that ends in `@` and the Region; another is in the provider's. Source: `importRegion`
 * in internal/provider/sdkv2/region.go of the provider.
 */
export function importId(type: string, inputs: Inputs, place: StackPlace): string | undefined {
  const placed = typeof inputs.region === 'string' && inputs.region !== '' ? inputs.region : undefined;
  let isMissing = false;
  const input = (name: string): string => {
    const value = inputs[name];
    if (typeof value === 'string') return value;
    isMissing ||= name !== 'eventBusName';
    return '';
  };
  const id = idOf[type]?.(input, { ...place, region: placed ?? place.region });
  if (id === undefined || isMissing) return undefined;
  return placed === undefined || isGlobal(type) ? id : `${id}@${placed}`;
}

const ours = new Set<unknown>(Object.values(names));

/** A function's name, of its ARN too. */
const functionOf = ({ functionName }: Inputs): unknown =>
  typeof functionName === 'string' ? functionName.split(':').at(-1) : undefined;

/** Whether the resource's name is one that Portcullis gives: only such a one is taken over where it exists already. */
export function isOurs(inputs: Inputs): boolean {
  const named = [inputs.name, inputs.bucket, inputs.function, functionOf(inputs), inputs.eventBusName];
  return named.some((name) => ours.has(name) || (typeof name === 'string' && name.startsWith('portcullis-')));
}
