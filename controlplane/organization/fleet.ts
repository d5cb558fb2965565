import type { Aws } from '../aws/clients.ts';
import type { Settings } from '../settings/environment.ts';
import { PortcullisError } from '../settings/errors.ts';
import type { Fleet } from '../stacks/desired.ts';
import type { Organization } from './listing.ts';

/** The fleet from a recorded organization and the settings. */
export async function fleetFrom(
  aws: Pick<Aws, 'caller'>,
  settings: Settings,
  organization: Pick<Organization, 'id' | 'managementAccountId'>,
  programVersion: string,
): Promise<Fleet> {
  const { partition } = await aws.caller();
  return {
    partition,
    organizationId: organization.id,
    managementAccountId: organization.managementAccountId,
    hub: settings.hub,
    layout: settings.layout,
    controlTowerRegion: settings.controlTowerRegion,
    logRetentionDays: settings.logRetentionDays,
    slackSecretArn: settings.slackSecretArn,
    alarmTopicArn: settings.alarmTopicArn,
    notificationTopicArn: settings.notificationTopicArn,
    securityHub: settings.securityHub,
    narrowing: settings.narrowing,
    trails: settings.trails,
    programVersion,
    deployerRoleArn: settings.deployerRoleArn,
    externalId: settings.externalId,
    permissionsBoundary: settings.permissionsBoundary,
    tags: settings.tags,
  };
}

/** @throws PortcullisError `invalid-environment` when the hub account is not an active account here */
export async function fleetOf(
  aws: Pick<Aws, 'caller'>,
  settings: Settings,
  organization: Organization,
  programVersion: string,
): Promise<Fleet> {
  const hub = organization.accounts.find(({ id }) => id === settings.hub.accountId);
  if (hub?.state !== 'ACTIVE') {
    throw new PortcullisError(
      'invalid-environment',
      `PORTCULLIS_HUB_ACCOUNT ${settings.hub.accountId} is not an active account of organization ${organization.id}; name one that is`,
    );
  }
  return fleetFrom(aws, settings, organization, programVersion);
}
