import { createHash } from 'node:crypto';
import type { Cell, Place, StackArguments } from '../../programs/arguments.ts';
import { organizationsRegion } from '../settings/partition.ts';
import { accountKey, hubKey, regionKey, type StackKey } from './key.ts';
import type { TrailCheck } from './trail-check.ts';

export interface DesiredStack {
  readonly key: StackKey;
  readonly arguments: StackArguments;
  /** Hash of program version and arguments: equal generations declare the same resources. */
  readonly generation: string;
  /** Names of the stored exceptions in the bundle; the hub's alone. */
  readonly exceptions?: readonly string[];
}

/** Everything that desired state follows from, besides the account itself. */
export interface Fleet {
  readonly partition: string;
  readonly organizationId: string;
  readonly managementAccountId: string;
  readonly hub: { readonly accountId: string; readonly region: string };
  readonly layout: 'region' | 'account';
  readonly controlTowerRegion: string | undefined;
  readonly logRetentionDays: number;
  readonly slackSecretArn: string | undefined;
  readonly alarmTopicArn: string | undefined;
  readonly notificationTopicArn: string | undefined;
  readonly securityHub: boolean;
  readonly narrowing: boolean;
  /** Whether accounts without coverage get a trail of their own; `report` where it is not said. */
  readonly trails?: 'report' | 'create';
  readonly programVersion: string;
  /** The role through which every account is entered but its own. */
  readonly deployerRoleArn?: string | undefined;
  readonly externalId?: string | undefined;
}

export interface FleetAccount {
  readonly id: string;
  readonly accessRoleArn: string | undefined;
  /** The Regions to cover, with the trail check of each. */
  readonly regions: readonly { readonly region: string; readonly trail: TrailCheck }[];
  /** The home Region of the trail that Portcullis makes there; see `ownTrailRegion`. */
  readonly ownTrail?: string | undefined;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Where the bundle lies on this machine is no part of what is declared; its hash is. */
const declared = (args: StackArguments) =>
  args.kind === 'hub' ? { ...args, bundle: args.bundle.sha256 } : args;

const stack = (fleet: Fleet, key: StackKey, args: StackArguments): DesiredStack => ({
  key,
  arguments: args,
  generation: sha256(JSON.stringify([fleet.programVersion, declared(args)])),
});

const placeOf = (
  fleet: Fleet,
  accountId: string,
  region: string,
  accessRoleArn: string | undefined,
): Place => ({
  partition: fleet.partition,
  accountId,
  region,
  ...(accessRoleArn && {
    accessRoleArn,
    // The deployer's own account is entered as the deployer itself.
    ...(fleet.deployerRoleArn &&
      fleet.deployerRoleArn !== accessRoleArn && { deployerRoleArn: fleet.deployerRoleArn }),
    ...(fleet.externalId && { externalId: fleet.externalId }),
  }),
});

export function desiredHub(
  fleet: Fleet,
  bundle: { file: string; sha256: string },
  accessRoleArn: string | undefined,
  installationId?: string,
): DesiredStack {
  return stack(fleet, hubKey, {
    kind: 'hub',
    place: placeOf(fleet, fleet.hub.accountId, fleet.hub.region, accessRoleArn),
    organizationId: fleet.organizationId,
    ...(installationId && { installationId }),
    bundle,
    ...(fleet.slackSecretArn && { slackSecretArn: fleet.slackSecretArn }),
    ...(fleet.alarmTopicArn && { alarmTopicArn: fleet.alarmTopicArn }),
    ...(fleet.notificationTopicArn && { notificationTopicArn: fleet.notificationTopicArn }),
    securityHub: fleet.securityHub,
    logRetentionDays: fleet.logRetentionDays,
  });
}

/**
 * Whether a cell forwards lifecycle events too: in the Region where Organizations and Account Management publish, and
 * in Control Tower's home Region in the management account.
 */
const cellOf = (fleet: Fleet, accountId: string, region: string): Cell => ({
  region,
  lifecycle:
    region === organizationsRegion(fleet.partition) ||
    (accountId === fleet.managementAccountId && region === fleet.controlTowerRegion),
});

/** Without the reason of a failed check: its text varies, and would make a new generation each time. */
const describe = (trail: TrailCheck): string => {
  if (trail.covered === 'unknown') return 'unknown';
  return trail.covered ? trail.trailArn : `uncovered: ${trail.reason}`;
};

/**
 * The stacks that an account should have: its own, and in `layout: region` one for each of its Regions.
 * Pure: equal inputs give equal stacks and generations.
 */
export function desiredAccount(
  fleet: Fleet,
  account: FleetAccount,
): { account: DesiredStack; regions: DesiredStack[] } {
  const hub = { partition: fleet.partition, ...fleet.hub };
  const cells = account.regions.map(({ region }) => cellOf(fleet, account.id, region));
  const home = account.regions[0]?.region ?? fleet.hub.region;
  const trails = Object.fromEntries(account.regions.map(({ region, trail }) => [region, describe(trail)]));
  return {
    account: stack(fleet, accountKey(account.id), {
      kind: 'account',
      place: placeOf(fleet, account.id, home, account.accessRoleArn),
      hub,
      organizationId: fleet.organizationId,
      narrowing: fleet.narrowing,
      securityHub: fleet.securityHub,
      trails,
      ...(account.ownTrail && {
        trail: { region: account.ownTrail, retentionDays: fleet.logRetentionDays },
      }),
      cells: fleet.layout === 'account' ? cells : [],
    }),
    regions:
      fleet.layout === 'account'
        ? []
        : cells.map((cell) =>
            stack(fleet, regionKey(account.id, cell.region), {
              kind: 'region',
              place: placeOf(fleet, account.id, cell.region, account.accessRoleArn),
              hub,
              cell,
            }),
          ),
  };
}
