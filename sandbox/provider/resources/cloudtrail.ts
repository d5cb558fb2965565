import type { CloudTrail, ReadWriteType } from '@aws-sdk/client-cloudtrail';
import type { Properties } from '../protocol/field.ts';
import {
  changedBetween,
  name,
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
import { objects } from './s3-bucket.ts';

const off = { kind: 'boolean', default: false } as const;
const on = { kind: 'boolean', default: true } as const;

const inputs: Resource['inputs'] = {
  name,
  s3BucketName: { kind: 'string', required: true },
  s3KeyPrefix: text,
  enableLogging: on,
  enableLogFileValidation: off,
  includeGlobalServiceEvents: on,
  isMultiRegionTrail: off,
  isOrganizationTrail: off,
  kmsKeyId: text,
  eventSelectors: {
    kind: 'objects',
    fields: { readWriteType: { kind: 'string', default: 'All' }, includeManagementEvents: on },
  },
  ...regional,
  ...tagged,
};

const settingsOf = (properties: Properties) => ({
  S3BucketName: string(properties, 's3BucketName'),
  S3KeyPrefix: optional<string>(properties, 's3KeyPrefix'),
  IncludeGlobalServiceEvents: optional<boolean>(properties, 'includeGlobalServiceEvents') ?? true,
  IsMultiRegionTrail: optional<boolean>(properties, 'isMultiRegionTrail') ?? false,
  IsOrganizationTrail: optional<boolean>(properties, 'isOrganizationTrail') ?? false,
  EnableLogFileValidation: optional<boolean>(properties, 'enableLogFileValidation') ?? false,
  KmsKeyId: optional<string>(properties, 'kmsKeyId'),
});

async function setSelectors(
  cloudTrail: CloudTrail,
  TrailName: string,
  properties: Properties,
): Promise<void> {
  const given = objects(properties, 'eventSelectors').map((one) => ({
    ReadWriteType: (optional<string>(one, 'readWriteType') ?? 'All') as ReadWriteType,
    IncludeManagementEvents: optional<boolean>(one, 'includeManagementEvents') ?? true,
  }));
  const EventSelectors =
    given.length > 0 ? given : [{ ReadWriteType: 'All' as const, IncludeManagementEvents: true }];
  await cloudTrail.putEventSelectors({ TrailName, EventSelectors });
}

async function setLogging(cloudTrail: CloudTrail, Name: string, properties: Properties): Promise<void> {
  if (optional<boolean>(properties, 'enableLogging') ?? true) await cloudTrail.startLogging({ Name });
  else await cloudTrail.stopLogging({ Name });
}

async function read(
  cloudTrail: CloudTrail,
  wanted: string,
  known: Properties,
): Promise<Properties | undefined> {
  const { trailList = [] } = await cloudTrail.describeTrails({
    trailNameList: [wanted],
    includeShadowTrails: false,
  });
  const [trail] = trailList;
  if (!trail?.TrailARN) return undefined;
  const Name = trail.TrailARN;
  const status = await ofFound(cloudTrail.getTrailStatus({ Name }));
  const { ResourceTagList = [] } = await ofFound(cloudTrail.listTags({ ResourceIdList: [Name] }));
  // As in the official plugin, selectors that were reset by hand stay in the state (source: `resourceTrailRead` in
  // internal/service/cloudtrail/trail.go).
  const selectors = trail.HasCustomEventSelectors
    ? ((await ofFound(cloudTrail.getEventSelectors({ TrailName: Name }))).EventSelectors ?? [])
    : undefined;
  return {
    name: trail.Name,
    s3BucketName: trail.S3BucketName,
    s3KeyPrefix: trail.S3KeyPrefix,
    enableLogging: status.IsLogging ?? false,
    enableLogFileValidation: trail.LogFileValidationEnabled,
    includeGlobalServiceEvents: trail.IncludeGlobalServiceEvents,
    isMultiRegionTrail: trail.IsMultiRegionTrail,
    isOrganizationTrail: trail.IsOrganizationTrail,
    kmsKeyId: trail.KmsKeyId,
    eventSelectors: selectors
      ? selectors.map(({ ReadWriteType, IncludeManagementEvents }) => ({
          readWriteType: ReadWriteType ?? 'All',
          includeManagementEvents: IncludeManagementEvents ?? true,
        }))
      : known.eventSelectors,
    arn: Name,
    homeRegion: trail.HomeRegion,
    tags: tagMap(ResourceTagList[0]?.TagsList),
  };
}

/** A trail with basic event selectors of management events; no data events, insights, log group or topic. */
export const Trail: Resource = {
  inputs,
  outputs: ['arn', 'homeRegion'],
  notFound: ['TrailNotFoundException'],
  identity: ['name'],
  parse: (id) => (id.startsWith('arn:') ? { name: id.split('/').at(-1), arn: id } : undefined),
  importForm: 'ARN',
  async create(aws, properties) {
    const made = await (await aws.cloudtrail()).createTrail({
      Name: string(properties, 'name'),
      ...settingsOf(properties),
      TagsList: tagList(properties.tags),
    });
    if (!made.TrailARN) throw new Error('CreateTrail gave no ARN');
    return made.TrailARN;
  },
  async finish(aws, properties, id) {
    const cloudTrail = await aws.cloudtrail();
    // the emulator drops the tags of CreateTrail
    const TagsList = tagList(properties.tags);
    if (TagsList.length > 0) await cloudTrail.addTags({ ResourceId: id, TagsList });
    if (objects(properties, 'eventSelectors').length > 0) await setSelectors(cloudTrail, id, properties);
    if (optional<boolean>(properties, 'enableLogging') ?? true) await setLogging(cloudTrail, id, properties);
  },
  async read(aws, known) {
    return read(await aws.cloudtrail(), optional<string>(known, 'arn') ?? string(known, 'name'), known);
  },
  async update(aws, properties, old, oldInputs) {
    const cloudTrail = await aws.cloudtrail();
    const arn = string(old, 'arn');
    const changed = changedBetween(inputs, oldInputs, properties);
    await cloudTrail.updateTrail({ Name: arn, ...settingsOf(properties) });
    if (changed('eventSelectors')) await setSelectors(cloudTrail, arn, properties);
    if (changed('enableLogging')) await setLogging(cloudTrail, arn, properties);
  },
  tag: async (aws, old, tags) =>
    (await aws.cloudtrail()).addTags({ ResourceId: string(old, 'arn'), TagsList: tagList(tags) }),
  async untag(aws, old, keys) {
    const TagsList = keys.map((Key) => ({ Key }));
    await (await aws.cloudtrail()).removeTags({ ResourceId: string(old, 'arn'), TagsList });
  },
  delete: async (aws, old) => (await aws.cloudtrail()).deleteTrail({ Name: string(old, 'arn') }),
};
