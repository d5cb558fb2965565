import type { S3 } from '@aws-sdk/client-s3';
import type { Aws } from '../protocol/clients.ts';
import { isObject, type Properties } from '../protocol/field.ts';
import {
  name,
  namedBy,
  optional,
  type Resource,
  regional,
  string,
  tagged,
  tagList,
  tagMap,
  unless,
} from '../protocol/resource.ts';

const notFound = ['NotFound', 'NoSuchBucket'];

async function exists(s3: S3, Bucket: string): Promise<boolean> {
  return (await unless(s3.headBucket({ Bucket }), ...notFound)) !== undefined;
}

async function tagsOf(s3: S3, Bucket: string): Promise<Record<string, string>> {
  const found = await unless(s3.getBucketTagging({ Bucket }), 'NoSuchTagSet');
  return tagMap(found?.TagSet);
}

/** PutBucketTagging replaces all tags. */
async function changeTags(
  aws: Aws,
  old: Properties,
  change: (tags: Record<string, string>) => Record<string, string>,
): Promise<void> {
  const s3 = await aws.s3();
  const Bucket = string(old, 'bucket');
  const TagSet = tagList(change(await tagsOf(s3, Bucket)));
  await s3.putBucketTagging({ Bucket, Tagging: { TagSet } });
}

/**
 * Reads what the official provider reads of every bucket, also what the program does not name: a role that lacks one of these
 * permissions cannot refresh. Each call with the errors by which S3 says that the bucket has no such thing.
 */
async function readEveryPart(s3: S3, Bucket: string): Promise<void> {
  const reads: [Promise<unknown>, ...string[]][] = [
    [s3.getBucketPolicy({ Bucket }), 'NoSuchBucketPolicy'],
    [s3.getBucketAcl({ Bucket })],
    [s3.getBucketCors({ Bucket }), 'NoSuchCORSConfiguration'],
    [s3.getBucketWebsite({ Bucket }), 'NoSuchWebsiteConfiguration'],
    [s3.getBucketVersioning({ Bucket })],
    [s3.getBucketAccelerateConfiguration({ Bucket })],
    [s3.getBucketRequestPayment({ Bucket })],
    [s3.getBucketLogging({ Bucket })],
    [s3.getBucketLifecycleConfiguration({ Bucket }), 'NoSuchLifecycleConfiguration'],
    [s3.getBucketReplication({ Bucket }), 'ReplicationConfigurationNotFoundError'],
    [s3.getBucketEncryption({ Bucket }), 'ServerSideEncryptionConfigurationNotFoundError'],
    [s3.getObjectLockConfiguration({ Bucket }), 'ObjectLockConfigurationNotFoundError'],
    [s3.getBucketLocation({ Bucket })],
  ];
  await Promise.all(reads.map(([read, ...absent]) => unless(read, ...absent)));
}

/**
 * A general purpose bucket; its protection is in resources of their own. An existing name is refused, also one of this
 * account.
 */
export const Bucket: Resource = {
  inputs: {
    bucket: name,
    forceDestroy: { kind: 'boolean', default: false },
    ...regional,
    ...tagged,
  },
  outputs: ['arn'],
  notFound,
  ...namedBy('bucket', 'bucket name'),
  async create(aws, inputs) {
    const s3 = await aws.s3();
    const Bucket = string(inputs, 'bucket');
    // In us-east-1 CreateBucket answers success for a bucket one has; elsewhere an error of this name.
    if (await exists(s3, Bucket)) {
      throw Object.assign(new Error(`bucket ${Bucket} exists`), { name: 'BucketAlreadyOwnedByYou' });
    }
    const place = aws.region === 'us-east-1' ? {} : { LocationConstraint: aws.region as 'eu-west-1' };
    await s3.createBucket({ Bucket, CreateBucketConfiguration: place });
    return Bucket;
  },
  async finish(aws, inputs, id) {
    const TagSet = tagList(inputs.tags);
    if (TagSet.length > 0) await (await aws.s3()).putBucketTagging({ Bucket: id, Tagging: { TagSet } });
  },
  async read(aws, known) {
    const s3 = await aws.s3();
    const Bucket = string(known, 'bucket');
    await s3.headBucket({ Bucket });
    await readEveryPart(s3, Bucket);
    return {
      bucket: Bucket,
      // a wish of the program, which no bucket remembers
      forceDestroy: optional<boolean>(known, 'forceDestroy'),
      arn: `arn:aws:s3:::${Bucket}`,
      tags: await tagsOf(s3, Bucket),
    };
  },
  tag: (aws, old, tags) => changeTags(aws, old, (present) => ({ ...present, ...tags })),
  untag: (aws, old, keys) =>
    changeTags(aws, old, (present) =>
      Object.fromEntries(Object.entries(present).filter(([key]) => !keys.includes(key))),
    ),
  delete: async (aws, old) => (await aws.s3()).deleteBucket({ Bucket: string(old, 'bucket') }),
};

/** A part of a bucket that is one document, put and deleted as a whole. */
export function bucketPart(part: {
  inputs: Resource['inputs'];
  /** The errors by which AWS says that the bucket has none. */
  absent: string[];
  put(s3: S3, Bucket: string, inputs: Properties): Promise<unknown>;
  read(s3: S3, Bucket: string): Promise<Properties>;
  delete(s3: S3, Bucket: string): Promise<unknown>;
}): Resource {
  return {
    inputs: { bucket: name, ...part.inputs, ...regional },
    outputs: [],
    notFound: [...part.absent, ...notFound],
    ...namedBy('bucket', 'bucket name'),
    async create(aws, inputs) {
      const Bucket = string(inputs, 'bucket');
      await part.put(await aws.s3(), Bucket, inputs);
      return Bucket;
    },
    async read(aws, known) {
      const Bucket = string(known, 'bucket');
      return { bucket: Bucket, ...(await part.read(await aws.s3(), Bucket)) };
    },
    update: async (aws, inputs) => part.put(await aws.s3(), string(inputs, 'bucket'), inputs),
    delete: async (aws, old) => part.delete(await aws.s3(), string(old, 'bucket')),
  };
}

/** The objects in a list property. */
export const objects = (properties: Properties, name: string): Properties[] => {
  const value = properties[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
};
