import { PortcullisError } from './errors.ts';

/**
 * The Region of each partition where AWS Organizations and AWS Account Management are called and publish events.
 * Source: "Region support for AWS Organizations", AWS Organizations User Guide.
 */
const organizationsRegions: Readonly<Record<string, string>> = {
  aws: 'us-east-1',
  'aws-us-gov': 'us-gov-west-1',
  'aws-cn': 'cn-northwest-1',
};

/** The partition that a Region is in, by its name. */
export function partitionOf(region: string): string {
  const found = [
    ['cn-', 'aws-cn'],
    ['us-gov-', 'aws-us-gov'],
  ].find(([prefix = '']) => region.startsWith(prefix));
  return found?.[1] ?? 'aws';
}

/**
 * The Regions that were there when this program was made, by partition. A newer one is known by AWS's own answer.
 * Source: "AWS Regions", AWS General Reference. A test compares it with the table that the AWS SDK brings.
 */
export const regionsByPartition: Readonly<Record<string, readonly string[]>> = {
  aws: [
    ...['af-south-1', 'ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
    ...['ap-south-1', 'ap-south-2', 'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4'],
    ...['ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7', 'ca-central-1', 'ca-west-1', 'eu-central-1'],
    ...['eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
    ...['il-central-1', 'me-central-1', 'me-south-1', 'me-west-1', 'mx-central-1', 'sa-east-1', 'sa-west-1'],
    ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'],
  ],
  'aws-us-gov': ['us-gov-east-1', 'us-gov-west-1'],
  'aws-cn': ['cn-north-1', 'cn-northwest-1'],
};

/** The partition of a Region that this program lists. */
export const partitionOfRegion = (region: string): string | undefined =>
  Object.keys(regionsByPartition).find((partition) => regionsByPartition[partition]?.includes(region));

/**
 * The one Region of a partition where AWS Organizations is called and where changes of the organization and of an
 * account's Regions appear as events.
 * @throws PortcullisError `invalid-environment` for a partition that Portcullis does not know.
 */
export function organizationsRegion(partition: string): string {
  if (Object.hasOwn(organizationsRegions, partition)) return organizationsRegions[partition] as string;
  throw new PortcullisError(
    'invalid-environment',
    `partition ${partition || '(none)'} is not one that Portcullis runs in; use credentials of ${Object.keys(organizationsRegions).join(', ')}`,
  );
}
