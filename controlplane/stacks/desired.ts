import { createHash } from 'node:crypto';
import type { Cell, Place, StackArguments } from '../../programs/arguments.ts';
import { organizationsRegion } from '../settings/partition.ts';
import { accountKey, hubKey, regionKey, type StackKey } from './key.ts';
import type { RegionCoverage, TrailCheck } from './trail-check.ts';

export interface DesiredStack {
  readonly key: StackKey;
  readonly arguments: StackArguments;
  /** Hash of program version and arguments: equal generations declare the same resources. */
  readonly generation: string;
  /** Stored exceptions in the bundle; only for the hub. */
  readonly exceptions?: readonly string[];
}

/** The input of desired state, apart from the account. */
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
  /** Whether accounts without coverage get their own trail; default `report`. */
  readonly trails?: 'report' | 'create';
  readonly programVersion: string;
  /** The role through which every account except its own is accessed. */
  readonly deployerRoleArn?: string | undefined;
  readonly externalId?: string | undefined;
  /** The name of a managed policy, or its ARN with `{account}`. */
  readonly permissionsBoundary?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export interface FleetAccount {
  readonly id: string;
  readonly accessRoleArn: string | undefined;
  /** The Regions in scope, with the trail check of each. */
  readonly regions: readonly RegionCoverage[];
  /** The home Region of the trail that Portcullis creates; see `ownTrailRegion`. */
  readonly ownTrail?: string | undefined;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** The bundle's local path is not declared; its hash is. */
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
    // The deployer role is used directly in its own account.
    ...(fleet.deployerRoleArn &&
      fleet.deployerRoleArn !== accessRoleArn && { deployerRoleArn: fleet.deployerRoleArn }),
    ...(fleet.externalId && { externalId: fleet.externalId }),
  }),
});

const boundaryOf = ({ partition, permissionsBoundary: named }: Fleet, accountId: string) =>
  named?.startsWith('arn:')
    ? named.replace('{account}', accountId)
    : named && `arn:${partition}:iam::${accountId}:policy/${named}`;

/** In the order of their keys, so that the order in the setting changes no generation. */
const tagsOf = ({ tags = {} }: Fleet) =>
  Object.keys(tags).length > 0 && {
    tags: Object.fromEntries(Object.entries(tags).sort(([one], [other]) => (one < other ? -1 : 1))),
  };

/** What the roles and resources of an account have by the settings; absent where they name nothing. */
const givenTo = (fleet: Fleet, accountId: string) => {
  const permissionsBoundary = boundaryOf(fleet, accountId);
  return { ...(permissionsBoundary && { permissionsBoundary }), ...tagsOf(fleet) };
};

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
    ...givenTo(fleet, fleet.hub.accountId),
  });
}

/** Lifecycle events appear in one Region per partition, and in Control Tower's home Region. */
const cellOf = (fleet: Fleet, accountId: string, region: string): Cell => ({
  region,
  lifecycle:
    region === organizationsRegion(fleet.partition) ||
    (accountId === fleet.managementAccountId && region === fleet.controlTowerRegion),
});

/** Without the reason of a failed check, whose text varies and would change the generation. */
const describe = (trail: TrailCheck): string => {
  if (trail.covered === 'unknown') return 'unknown';
  return trail.covered ? trail.trailArn : `uncovered: ${trail.reason}`;
};

/** Pure: equal inputs give equal stacks and generations. */
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
      ...givenTo(fleet, account.id),
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
              ...tagsOf(fleet),
            }),
          ),
  };
}
