import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudTrail } from '@aws-sdk/client-cloudtrail';
import { IAM } from '@aws-sdk/client-iam';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { serviceLinkedRole } from '../cloudtrail/api.ts';
import type { ClientSettings } from '../gateway/call.ts';
import type { Organization } from '../organizations/api.ts';
import { regionNames } from '../organizations/regions.ts';
import { type RootSettings, type SeededOrganization, seedAccounts } from './accounts.ts';

export type { SeededOrganization } from './accounts.ts';

const defaultRegions = ['us-east-1', 'eu-west-1', 'eu-central-1'];
const optInRegion = 'af-south-1';
const member = (id: string, name: string, ou: string, optedIn = false) => ({
  id,
  name,
  ou,
  regions: optedIn ? [...defaultRegions, optInRegion] : defaultRegions,
});

export type Blueprint = Omit<SeededOrganization, 'id'>;

/** The organization that `seed` makes, without the id that it gets. */
export const blueprint: Blueprint = {
  managementAccountId: '111111111111',
  hubAccountId: '222222222222',
  hubRegion: 'eu-west-1',
  regions: [...regionNames],
  optInRegion,
  members: [
    member('300000000001', 'shop', 'Production', true),
    member('300000000002', 'payments', 'Production'),
    member('300000000003', 'shop-development', 'Development', true),
    member('300000000004', 'payments-development', 'Development'),
    member('300000000005', 'playground', 'Sandbox'),
    member('300000000006', 'untrailed', 'Sandbox'),
  ],
  suspendedAccountId: '399999999999',
  untrailedAccountId: '300000000006',
};

const units = ['Production', 'Development', 'Sandbox'];

/**
 * A larger organization of so many members beside management and hub account, each with the first so many of the
 * sandbox's Regions, under one organization trail that reaches them all.
 */
export function fleet(accounts: number, regions: number): Blueprint {
  const chosen = regionNames.slice(0, regions);
  const numbers = Array.from({ length: accounts }, (_, index) => index + 1);
  return {
    ...blueprint,
    regions: [...chosen],
    members: numbers.map((number) => ({
      id: String(400_000_000_000 + number),
      name: `workload-${number}`,
      ou: units[number % units.length] as string,
      regions: [...chosen],
    })),
    untrailedAccountId: '',
  };
}

/** What a sandbox without a seed has: Regions and accounts by their numbers, in no organization. */
export const unseeded: SeededOrganization = { ...blueprint, id: '', members: [] };

export interface Seed {
  organization: SeededOrganization;
  /** What a control plane needs, but for the provider plugin's directory. */
  environment: Record<string, string>;
}

/**
 * Makes the seeded organization by AWS calls to the gateway at `endpoint`, in a second or two.
 * @throws when the gateway refuses a call, or a policy in docs/ is missing
 */
export async function seed(
  endpoint: string,
  organization: Organization,
  plan: Blueprint = blueprint,
): Promise<Seed> {
  const root = (accountId: string, region = 'us-east-1'): ClientSettings => ({
    endpoint,
    region,
    credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
  });
  const id = await seedAccounts(root, organization.world, plan);
  await seedTrail(root, plan);
  const credentials = await seedControlPlaneUser(root);
  const secretArn = await seedSlackSecret(root);
  return {
    organization: { ...plan, id },
    environment: {
      AWS_ENDPOINT_URL: endpoint,
      ...credentials,
      AWS_REGION: blueprint.hubRegion,
      AWS_EC2_METADATA_DISABLED: 'true',
      PORTCULLIS_HUB_ACCOUNT: blueprint.hubAccountId,
      PORTCULLIS_HUB_REGION: blueprint.hubRegion,
      PORTCULLIS_REGIONS: plan.regions.join(','),
      PORTCULLIS_SLACK_SECRET_ARN: secretArn,
      // The shipped policy only observes.
      PORTCULLIS_POLICY: join(import.meta.dirname, '../demo/policy.yaml'),
      // Canaries only when asked for: what a test or the demo sees is what it did itself.
      PORTCULLIS_VERIFY_HOURS: '0',
      PULUMI_CONFIG_PASSPHRASE: randomBytes(16).toString('hex'),
    },
  };
}

/** The organization trail, and one member in which it cannot work, where the plan names one. */
async function seedTrail(root: RootSettings, plan: Blueprint): Promise<void> {
  const cloudTrail = new CloudTrail(root(blueprint.managementAccountId));
  const trail = await cloudTrail.createTrail({
    Name: 'organization',
    S3BucketName: 'organization-trail-logs',
    IsMultiRegionTrail: true,
    IsOrganizationTrail: true,
  });
  await cloudTrail.startLogging({ Name: trail.TrailARN });
  if (!plan.untrailedAccountId) return;
  const iam = new IAM(root(plan.untrailedAccountId));
  await iam.deleteServiceLinkedRole({ RoleName: serviceLinkedRole });
}

async function seedControlPlaneUser(root: RootSettings): Promise<Record<string, string>> {
  const iam = new IAM(root(blueprint.managementAccountId));
  const UserName = 'portcullis-control-plane';
  await iam.createUser({ UserName });
  for (const PolicyName of ['control-plane-policy', 'verify-policy']) {
    const file = join(import.meta.dirname, `../../docs/${PolicyName}.json`);
    const PolicyDocument = JSON.stringify(JSON.parse(await readFile(file, 'utf8')));
    const { Policy } = await iam.createPolicy({ PolicyName, PolicyDocument });
    await iam.attachUserPolicy({ UserName, PolicyArn: Policy?.Arn });
  }
  const { AccessKey } = await iam.createAccessKey({ UserName });
  return {
    AWS_ACCESS_KEY_ID: AccessKey?.AccessKeyId ?? '',
    AWS_SECRET_ACCESS_KEY: AccessKey?.SecretAccessKey ?? '',
  };
}

/** Until a receiver's address is put in, messages go to the discard port, where nothing listens. */
async function seedSlackSecret(root: RootSettings): Promise<string> {
  const secrets = new SecretsManager(root(blueprint.hubAccountId, blueprint.hubRegion));
  const secret = await secrets.createSecret({
    Name: 'portcullis-slack-webhook',
    SecretString: 'http://127.0.0.1:9/sandbox',
  });
  return secret.ARN ?? '';
}
