/** Where each partition has its console; https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html */
const consoles = new Map<string, (region: string) => string>([
  ['aws', (region) => `${region}.console.aws.amazon.com`],
  ['aws-us-gov', () => 'console.amazonaws-us-gov.com'],
  ['aws-cn', () => 'console.amazonaws.cn'],
]);

/** The page of a security group in the AWS console; null where the partition's console or the place is not known. */
export function consolePage(partition: string, region: string, groupId: string): string | null {
  const host = consoles.get(partition);
  if (!host || !/^[a-z0-9-]{1,32}$/.test(region) || !/^sg-[0-9a-zA-Z]{1,32}$/.test(groupId)) return null;
  return `https://${host(region)}/ec2/home?region=${region}#SecurityGroup:groupId=${groupId}`;
}
