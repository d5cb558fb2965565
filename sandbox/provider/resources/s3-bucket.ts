import type { S3 } from '@aws-sdk/client-s3';
import { isObject, type Properties } from '../protocol/field.ts';
import {
  name,
  optional,
  type Resource,
  regional,
  string,
  tagged,
  tagList,
  tagMap,
  unless,
} from '../protocol/resource.ts';

const GONE = ['NotFound', 'NoSuchBucket'];

async function exists(s3: S3, Bucket: string): Promise<boolean> {
  return (await unless(s3.headBucket({ Bucket }), ...GONE)) !== undefined;
}

async function tagsOf(s3: S3, Bucket: string): Promise<Record<string, string>> {
  const found = await unless(s3.getBucketTagging({ Bucket }), 'NoSuchTagSet', ...GONE);
  return tagMap(found?.TagSet);
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
  await Promise.all(reads.map(([read, ...absent]) => unless(read, ...absent, ...GONE)));
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
  identity: ['bucket'],
  parse: (id) => ({ bucket: id }),
  importForm: 'bucket name',
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
    if (!(await exists(s3, Bucket))) return undefined;
    await readEveryPart(s3, Bucket);
    return {
      bucket: Bucket,
      // a wish of the program, which no bucket remembers
      forceDestroy: optional<boolean>(known, 'forceDestroy'),
      arn: `arn:aws:s3:::${Bucket}`,
      tags: await tagsOf(s3, Bucket),
    };
  },
  async tag(aws, old, tags, remove) {
    const s3 = await aws.s3();
    const Bucket = string(old, 'bucket');
    const kept = Object.entries(await tagsOf(s3, Bucket)).filter(([key]) => !remove.includes(key));
    const TagSet = tagList({ ...Object.fromEntries(kept), ...tags });
    await s3.putBucketTagging({ Bucket, Tagging: { TagSet } });
  },
  async delete(aws, old) {
    await unless((await aws.s3()).deleteBucket({ Bucket: string(old, 'bucket') }), ...GONE);
  },
};

/** A part of a bucket that is one document, put and deleted as a whole. */
export function bucketPart(part: {
  inputs: Resource['inputs'];
  /** The errors by which AWS says that the bucket has none. */
  absent: string[];
  put(s3: S3, Bucket: string, inputs: Properties): Promise<unknown>;
  read(s3: S3, Bucket: string): Promise<Properties | undefined>;
  delete(s3: S3, Bucket: string): Promise<unknown>;
}): Resource {
  return {
    inputs: { bucket: name, ...part.inputs, ...regional },
    outputs: [],
    identity: ['bucket'],
    parse: (id) => ({ bucket: id }),
    importForm: 'bucket name',
    async create(aws, inputs) {
      const Bucket = string(inputs, 'bucket');
      await part.put(await aws.s3(), Bucket, inputs);
      return Bucket;
    },
    async read(aws, known) {
      const Bucket = string(known, 'bucket');
      const found = await unless(part.read(await aws.s3(), Bucket), ...part.absent, ...GONE);
      return found && { bucket: Bucket, ...found };
    },
    async update(aws, inputs) {
      await part.put(await aws.s3(), string(inputs, 'bucket'), inputs);
    },
    async delete(aws, old) {
      await unless(part.delete(await aws.s3(), string(old, 'bucket')), ...part.absent, ...GONE);
    },
  };
}

/** The objects in a list property. */
export const objects = (properties: Properties, name: string): Properties[] => {
  const value = properties[name];
  return Array.isArray(value) ? value.filter(isObject) : [];
};
