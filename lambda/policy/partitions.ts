/** What differs from one AWS partition to another. */
interface Partition {
  /** The domain of its API endpoints and, in `invokedBy`, of some of its services. */
  readonly dnsSuffix: string;
  /** The console's domain; `<Region>.` in front of it is the console of that Region. */
  readonly console: string;
  /** The Region where AWS Organizations and AWS Account Management are called and publish events. */
  readonly organizationsRegion: string;
  /** The Regions that existed when this program was made. A newer one is known by AWS's own answer. */
  readonly regions: readonly string[];
}

/**
 * The partitions that Portcullis runs in. The only copy: ARNs begin with `arn:` and a key of this table.
 *
 * Sources. DNS suffixes, Regions and the global Region: `partitions.json` of the AWS SDKs, with which a test compares
 * this table. Organizations' Region: "Region support for AWS Organizations", AWS Organizations User Guide; in `aws-eusc`
 * its one Region. Consoles: "Partitions", AWS Fault Isolation Boundaries; for `aws-eusc` "AWS
 * European Sovereign Cloud endpoints", AWS General Reference (docs.aws.eu).
 */
export const partitions: Readonly<Record<string, Partition>> = {
  aws: {
    dnsSuffix: 'amazonaws.com',
    console: 'console.aws.amazon.com',
    organizationsRegion: 'us-east-1',
    regions: [
      ...['af-south-1', 'ap-east-1', 'ap-east-2', 'ap-northeast-1', 'ap-northeast-2', 'ap-northeast-3'],
      ...['ap-south-1', 'ap-south-2', 'ap-southeast-1', 'ap-southeast-2', 'ap-southeast-3', 'ap-southeast-4'],
      ...['ap-southeast-5', 'ap-southeast-6', 'ap-southeast-7', 'ca-central-1', 'ca-west-1', 'eu-central-1'],
      ...['eu-central-2', 'eu-north-1', 'eu-south-1', 'eu-south-2', 'eu-west-1', 'eu-west-2', 'eu-west-3'],
      ...[
        'il-central-1',
        'me-central-1',
        'me-south-1',
        'me-west-1',
        'mx-central-1',
        'sa-east-1',
        'sa-west-1',
      ],
      ...['us-east-1', 'us-east-2', 'us-west-1', 'us-west-2'],
    ],
  },
  'aws-us-gov': {
    dnsSuffix: 'amazonaws.com',
    console: 'console.amazonaws-us-gov.com',
    organizationsRegion: 'us-gov-west-1',
    regions: ['us-gov-east-1', 'us-gov-west-1'],
  },
  'aws-cn': {
    dnsSuffix: 'amazonaws.com.cn',
    console: 'console.amazonaws.cn',
    organizationsRegion: 'cn-northwest-1',
    regions: ['cn-north-1', 'cn-northwest-1'],
  },
  'aws-eusc': {
    dnsSuffix: 'amazonaws.eu',
    console: 'console.amazonaws-eusc.eu',
    organizationsRegion: 'eusc-de-east-1',
    regions: ['eusc-de-east-1'],
  },
};

/** The row of a partition; undefined for one that Portcullis does not run in. */
export const partitionNamed = (partition: string): Partition | undefined =>
  Object.hasOwn(partitions, partition) ? partitions[partition] : undefined;

/** The host of the AWS console of a Region; undefined in a partition that Portcullis does not run in. */
export function consoleHost(partition: string, region: string): string | undefined {
  const domain = partitionNamed(partition)?.console;
  return domain && `${region}.${domain}`;
}
