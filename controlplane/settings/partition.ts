import { partitionNamed, partitions } from '../../lambda/policy/partitions.ts';
import { PortcullisError } from './errors.ts';

/** What the names of a partition's Regions begin with; those of `aws` begin with none of these. */
const prefixes: readonly (readonly [string, string])[] = [
  ['cn-', 'aws-cn'],
  ['us-gov-', 'aws-us-gov'],
  ['eusc-', 'aws-eusc'],
];

/** The partition that a Region is in, by its name. */
export const partitionOf = (region: string): string =>
  prefixes.find(([prefix]) => region.startsWith(prefix))?.[1] ?? 'aws';

/** The Regions that this program lists, by partition. */
export const regionsByPartition: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(partitions).map(([partition, { regions }]) => [partition, regions]),
);

/** The partition of a Region that this program lists. */
export const partitionOfRegion = (region: string): string | undefined =>
  Object.keys(regionsByPartition).find((partition) => regionsByPartition[partition]?.includes(region));

/**
 * The one Region of a partition where AWS Organizations is called and where changes of the organization and of an
 * account's Regions appear as events.
 * @throws PortcullisError `invalid-environment` for a partition that Portcullis does not know.
 */
export function organizationsRegion(partition: string): string {
  const known = partitionNamed(partition);
  if (known) return known.organizationsRegion;
  throw new PortcullisError(
    'invalid-environment',
    `partition ${partition || '(none)'} is not one that Portcullis runs in; use credentials of ${Object.keys(partitions).join(', ')}`,
  );
}
