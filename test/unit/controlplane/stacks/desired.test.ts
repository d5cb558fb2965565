import { describe, expect, test } from 'vitest';
import {
  desiredAccount,
  desiredHub,
  type Fleet,
  type FleetAccount,
} from '../../../../controlplane/stacks/desired.ts';
import { releaseOf } from '../../../../controlplane/stacks/release.ts';

const fleet: Fleet = {
  partition: 'aws',
  organizationId: 'o-portcullis',
  managementAccountId: '111111111111',
  hub: { accountId: '222222222222', region: 'eu-west-1' },
  layout: 'region',
  controlTowerRegion: undefined,
  logRetentionDays: 90,
  slackSecretArn: undefined,
  alarmTopicArn: undefined,
  notificationTopicArn: undefined,
  securityHub: false,
  narrowing: false,
  programVersion: '1',
};
const trail = { covered: true, trailArn: 'arn:aws:cloudtrail:us-east-1:111111111111:trail/org' } as const;
const account: FleetAccount = {
  id: '300000000001',
  accessRoleArn: 'arn:aws:iam::300000000001:role/Access',
  regions: [
    { region: 'us-east-1', trail },
    { region: 'eu-west-1', trail },
  ],
};
const bundle = { file: '/data/index.mjs', sha256: 'f00d' };
const all = (changedFleet: Partial<Fleet> = {}, changedAccount: Partial<FleetAccount> = {}) => {
  const desired = desiredAccount({ ...fleet, ...changedFleet }, { ...account, ...changedAccount });
  return [desired.account, ...desired.regions];
};
const generations = (stacks: { generation: string }[]) => stacks.map(({ generation }) => generation);

describe('the stacks of an account', () => {
  test('are its own and one for each Region', () => {
    expect(all().map(({ key }) => key)).toEqual([
      'account-300000000001',
      'region-300000000001-us-east-1',
      'region-300000000001-eu-west-1',
    ]);
  });

  test('are one with every Region in it in layout account', () => {
    const [only, ...rest] = all({ layout: 'account' });
    expect(rest).toEqual([]);
    expect(only?.arguments).toMatchObject({
      kind: 'account',
      cells: [
        { region: 'us-east-1', lifecycle: true },
        { region: 'eu-west-1', lifecycle: false },
      ],
    });
  });

  test('have a trail of their own only where it was decided', () => {
    const of = (ownTrail?: string) => all({}, { ownTrail })[0]?.arguments;
    expect(of()).not.toHaveProperty('trail');
    expect(of('eu-west-1')).toMatchObject({ trail: { region: 'eu-west-1', retentionDays: 90 } });
  });

  test('without a Region to cover is its own alone', () => {
    const [only, ...rest] = all({}, { regions: [] });
    expect(rest).toEqual([]);
    expect(only?.arguments.place.region).toBe('eu-west-1');
  });

  test('say which trail covers each Region, or why none does', () => {
    const [own] = all(
      {},
      {
        regions: [
          { region: 'us-east-1', trail },
          { region: 'eu-west-1', trail: { covered: false, reason: 'none' } },
          { region: 'eu-central-1', trail: { covered: 'unknown', reason: 'denied' } },
        ],
      },
    );
    expect(own?.arguments).toMatchObject({
      trails: {
        'us-east-1': trail.trailArn,
        'eu-west-1': 'uncovered: none',
        'eu-central-1': 'unknown',
      },
    });
  });

  test('are reached through the deployer role, but for its own account', () => {
    const deployerRoleArn = 'arn:aws:iam::300000000001:role/portcullis-deployer';
    const through = { deployerRoleArn, externalId: 'x-1' };
    const places = (accessRoleArn: string | undefined) =>
      all(through, { accessRoleArn }).map(({ arguments: args }) => args.place);
    for (const place of places(account.accessRoleArn))
      expect(place).toMatchObject({ accessRoleArn: account.accessRoleArn, ...through });
    for (const place of places(deployerRoleArn)) {
      expect(place).toMatchObject({ accessRoleArn: deployerRoleArn, externalId: 'x-1' });
      expect(place).not.toHaveProperty('deployerRoleArn');
    }
  });

  test('name no role where none is needed', () => {
    for (const { arguments: args } of all({}, { accessRoleArn: undefined })) {
      expect(args.place).not.toHaveProperty('accessRoleArn');
    }
  });
});

describe('lifecycle events', () => {
  const lifecycle = (change: Partial<Fleet>, id = account.id) =>
    all({ layout: 'account', ...change }, { id }).flatMap(({ arguments: args }) =>
      args.kind === 'account' ? args.cells.filter((cell) => cell.lifecycle).map(({ region }) => region) : [],
    );

  test.each([
    ['aws', 'us-east-1', 'eu-west-1'],
    ['aws-us-gov', 'us-gov-west-1', 'us-gov-east-1'],
    ['aws-cn', 'cn-northwest-1', 'cn-north-1'],
  ])('in partition %s are forwarded from %s', (partition, where, other) => {
    const regions = [other, where].map((region) => ({ region, trail }));
    const [own] = all({ partition, layout: 'account' }, { regions });
    expect(own?.arguments).toMatchObject({
      cells: [
        { region: other, lifecycle: false },
        { region: where, lifecycle: true },
      ],
    });
  });

  test.each(['', 'aws-iso', 'constructor'])('in partition "%s" make an error that names it', (partition) => {
    expect(() => all({ partition })).toThrow(/^partition .* is not one that Portcullis runs in/);
  });

  test("are forwarded from Control Tower's home Region in the management account alone", () => {
    expect(lifecycle({ controlTowerRegion: 'eu-west-1' }, '111111111111')).toEqual([
      'us-east-1',
      'eu-west-1',
    ]);
    expect(lifecycle({ controlTowerRegion: 'eu-west-1' })).toEqual(['us-east-1']);
  });
});

describe('the generation', () => {
  test('is equal for equal inputs', () => {
    expect(generations(all())).toEqual(generations(all()));
  });

  test('differs between stacks', () => {
    expect(new Set(generations(all())).size).toBe(3);
  });

  test.each<[string, Partial<Fleet>]>([
    ['the programs', { programVersion: '2' }],
    ['the hub', { hub: { accountId: '222222222222', region: 'eu-central-1' } }],
    ['the partition', { partition: 'aws-cn' }],
  ])('of every stack changes with %s', (_, change) => {
    const [before, after] = [generations(all()), generations(all(change))];
    expect(after.filter((generation) => before.includes(generation))).toEqual([]);
  });

  test.each<[string, Partial<Fleet>]>([
    ['the log retention', { logRetentionDays: 30 }],
    ['the Slack secret', { slackSecretArn: 'arn:aws:secretsmanager:eu-west-1:222222222222:secret:slack' }],
    ['the alarm topic', { alarmTopicArn: 'arn:aws:sns:eu-west-1:222222222222:pager' }],
    ['the notification topic', { notificationTopicArn: 'arn:aws:sns:eu-west-1:222222222222:notifications' }],
  ])('of the hub alone changes with %s', (_, change) => {
    const hub = (to: Partial<Fleet>) => desiredHub({ ...fleet, ...to }, bundle, undefined).generation;
    expect(hub(change)).not.toBe(hub({}));
    expect(generations(all(change))).toEqual(generations(all()));
  });

  test('of the hub and of the account stacks changes with Security Hub, of the latter alone with narrowing', () => {
    const hub = (to: Partial<Fleet>) => desiredHub({ ...fleet, ...to }, bundle, undefined).generation;
    const [own, ...regions] = generations(all());
    for (const change of [{ securityHub: true }, { narrowing: true }]) {
      const [ownAfter, ...regionsAfter] = generations(all(change));
      expect(ownAfter).not.toBe(own);
      expect(regionsAfter).toEqual(regions);
    }
    expect(hub({ securityHub: true })).not.toBe(hub({}));
    expect(hub({ narrowing: true })).toBe(hub({}));
  });

  test('of the hub changes with the bundle', () => {
    const next = desiredHub(fleet, { ...bundle, sha256: 'beef' }, undefined);
    expect(next.generation).not.toBe(desiredHub(fleet, bundle, undefined).generation);
  });

  test('of a Region does not change when another Region is added or a trail changes', () => {
    const regions = [
      ...account.regions,
      { region: 'eu-central-1', trail: { covered: false, reason: 'x' } as const },
    ];
    const [own, ...before] = all();
    const [ownAfter, ...after] = all({}, { regions });
    expect(generations(after).slice(0, 2)).toEqual(generations(before));
    expect(ownAfter?.generation).not.toBe(own?.generation);
  });
});

describe('a permissions boundary and tags in the settings', () => {
  const boundaryOf = (permissionsBoundary: string, partition = 'aws') => {
    const hub = desiredHub({ ...fleet, partition, permissionsBoundary }, bundle, undefined);
    return [...all({ partition, permissionsBoundary }), hub].map(({ key, arguments: args }) => [
      key,
      'permissionsBoundary' in args ? args.permissionsBoundary : undefined,
    ]);
  };
  const in_ = (partition: string, account: string) => `arn:${partition}:iam::${account}:policy/limit`;

  test.each([
    ['limit', 'aws'],
    ['limit', 'aws-us-gov'],
    ['arn:aws:iam::{account}:policy/limit', 'aws'],
  ])('%s is the policy of the account itself in %s', (named, partition) => {
    expect(boundaryOf(named, partition)).toEqual([
      ['account-300000000001', in_(partition, '300000000001')],
      ['region-300000000001-us-east-1', undefined],
      ['region-300000000001-eu-west-1', undefined],
      ['hub', in_(partition, '222222222222')],
    ]);
  });

  test('of AWS is one for all accounts', () => {
    const arn = 'arn:aws:iam::aws:policy/PowerUserAccess';
    expect(boundaryOf(arn).filter(([, boundary]) => boundary === arn)).toHaveLength(2);
  });

  test('change generation and release, and with none of them both stay as they were', () => {
    const plain = generations(all());
    expect(generations(all({ permissionsBoundary: undefined, tags: undefined }))).toEqual(plain);
    expect(generations(all({ tags: {} }))).toEqual(plain);
    expect(releaseOf({ ...fleet, permissionsBoundary: undefined, tags: undefined })).toBe(releaseOf(fleet));
    const tagged = generations(all({ tags: { team: 'a', owner: 'b' } }));
    expect(tagged.filter((generation) => plain.includes(generation))).toEqual([]);
    expect(generations(all({ tags: { owner: 'b', team: 'a' } }))).toEqual(tagged);
    for (const change of [{ permissionsBoundary: 'limit' }, { tags: { team: 'a' } }])
      expect(releaseOf({ ...fleet, ...change })).not.toBe(releaseOf(fleet));
  });
});
