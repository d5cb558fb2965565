import { describe, expect, test } from 'vitest';
import type { StackArguments } from '../../../programs/arguments.ts';
import { table } from '../../../sandbox/provider/table.ts';
import { accountArgs, declare, hubArgs, regionArgs } from './declared.ts';

const tags = { team: 'security', 'portcullis:managed': 'no' };
const permissionsBoundary = 'arn:aws:iam::300000000001:policy/boundary';
const cells = [{ region: 'us-east-1', lifecycle: true }];
const trail = { region: 'us-east-1', retentionDays: 90 };
const stacks = (given: object): [string, StackArguments][] => [
  ['hub', { ...hubArgs(), ...given }],
  ['account', { ...accountArgs(cells), trail, ...given }],
  ['region', { ...regionArgs({ region: 'us-east-1', lifecycle: true }), ...given }],
];

/** What AWS can tag, by the properties that the provider knows. */
const taggable = (type: string) => table[type]?.inputs.tags !== undefined;

describe('with tags in the settings', () => {
  test.each(stacks({ tags }))(
    'every resource of %s that AWS can tag has them, and its own win',
    async (kind, args) => {
      const declared = (await declare(args)).filter(({ type }) => taggable(type));
      expect(declared.length).toBeGreaterThan(2);
      for (const { type, name, inputs } of declared) {
        expect(inputs.tags, `${type} ${name}`).toMatchObject({
          team: 'security',
          'portcullis:managed': 'true',
          'portcullis:stack': expect.stringMatching(kind === 'account' ? /^(account|region)$/ : kind),
        });
      }
    },
  );

  test.each(stacks({ tags }))('nothing else of %s has a property of that name', async (_, args) => {
    const others = (await declare(args)).filter(({ type }) => !taggable(type));
    expect(others.filter(({ inputs }) => inputs.tags !== undefined)).toEqual([]);
  });
});

test.each(stacks({}))('without tags in the settings %s has its own alone', async (_, args) => {
  for (const { type, inputs } of (await declare(args)).filter(({ type }) => taggable(type))) {
    const known = ['portcullis:managed', 'portcullis:stack'];
    expect(Object.keys(inputs.tags).sort(), type).toEqual(known);
  }
});

describe('the permissions boundary', () => {
  const rolesOf = async (args: StackArguments) =>
    (await declare(args)).filter(({ type }) => type === 'aws:iam/role:Role');

  test('is on every role that the hub and an account declare', async () => {
    const [[, hub], [, account]] = stacks({ permissionsBoundary }) as [
      [string, StackArguments],
      [string, StackArguments],
    ];
    const roles = [...(await rolesOf(hub)), ...(await rolesOf(account))];
    expect(roles.map(({ inputs }) => [inputs.name, inputs.permissionsBoundary]).sort()).toEqual([
      ['portcullis-forwarder', permissionsBoundary],
      ['portcullis-lambda', permissionsBoundary],
      ['portcullis-remediation', permissionsBoundary],
    ]);
  });

  test('is no property of a role where the settings name none', async () => {
    for (const [, args] of stacks({}))
      for (const { inputs } of await rolesOf(args)) expect(inputs).not.toHaveProperty('permissionsBoundary');
  });
});
