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
