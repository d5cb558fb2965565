import { describe, expect, test } from 'vitest';
import type { StackArguments } from '../../../programs/arguments.ts';
import { names, queueUrl } from '../../../programs/names.ts';
import { accountArgs, type Declared, declare, hubArgs, inputsOf, regionArgs } from './declared.ts';

const cell = { region: 'eu-west-1', lifecycle: true };
/** Everything that can be switched on is, so that every ARN is there to see. */
const kinds: [string, (partition?: string) => StackArguments][] = [
  [
    'hub',
    (partition = 'aws') => ({
      ...hubArgs(partition),
      slackSecretArn: `arn:${partition}:secretsmanager:eu-west-1:222222222222:secret:slack`,
      notificationTopicArn: `arn:${partition}:sns:eu-west-1:222222222222:people`,
      securityHub: true,
    }),
  ],
  ['account', (partition) => ({ ...accountArgs([cell], partition), narrowing: true, securityHub: true })],
  ['region', (partition) => regionArgs(cell, partition)],
];
/** The provider's inputs; Pulumi hands nested ones over as JSON. */
const providerOf = (declared: readonly Declared[]) => {
  const { region, retryMode, ...nested } = inputsOf(declared, 'aws', 'aws');
  const parsed = Object.entries(nested).map(([key, value]) => [key, JSON.parse(String(value))]);
  return { region, retryMode, ...Object.fromEntries(parsed) };
};

describe.each(kinds)('the %s stack', (_, argsOf) => {
  test('acts in its own account alone, through the role, assumed in the hub Region', async () => {
    const args = argsOf();
    expect(providerOf(await declare(args))).toMatchObject({
      region: 'eu-west-1',
      allowedAccountIds: [args.place.accountId],
      assumeRoles: [{ roleArn: args.place.accessRoleArn, sessionName: 'portcullis' }],
    });
  });

  // The official plugin validates credentials in the provider's Region, which a Region with opt-in may refuse.
  test('works in the hub Region also where its resources are elsewhere', async () => {
    const place = { ...argsOf().place, region: 'af-south-1' };
    const args = argsOf();
    const elsewhere = (
      args.kind === 'hub' ? args : { ...args, place, cell: { region: 'af-south-1', lifecycle: false } }
    ) as StackArguments;
    expect(providerOf(await declare(elsewhere)).region).toBe('eu-west-1');
  });

  test('names the Region of every resource that has one', async () => {
    const declared = (await declare(argsOf())).filter(({ type }) => type.startsWith('aws:'));
    expect(declared.length).toBeGreaterThan(0);
    for (const { type, name, inputs } of declared)
      expect(inputs.region, `${type} ${name}`).toBe(type.startsWith('aws:iam/') ? undefined : 'eu-west-1');
  });

  test('is reached through the deployer role, with the external id at each step', async () => {
    const deployerRoleArn = 'arn:aws:iam::333333333333:role/portcullis-deployer';
    const place = { ...argsOf().place, deployerRoleArn, externalId: 'x-1' };
    expect(providerOf(await declare({ ...argsOf(), place } as StackArguments)).assumeRoles).toEqual([
      { roleArn: deployerRoleArn, sessionName: 'portcullis', externalId: 'x-1' },
      { roleArn: place.accessRoleArn, sessionName: 'portcullis', externalId: 'x-1' },
    ]);
  });

  test('retries a throttled call ten times, and leaves the rest to the scheduler', async () => {
    expect(providerOf(await declare(argsOf()))).toMatchObject({ retryMode: 'standard', maxRetries: 10 });
  });

  test("assumes no role in the caller's own account", async () => {
    const { accessRoleArn: _none, ...place } = argsOf().place;
    const provider = providerOf(await declare({ ...argsOf(), place } as StackArguments));
    expect(provider.allowedAccountIds).toEqual([place.accountId]);
    expect(provider).not.toHaveProperty('assumeRoles');
  });

  test('puts every resource through that provider', async () => {
    const declared = await declare(argsOf());
    for (const { type, name, provider } of declared.filter((each) => each.type.startsWith('aws:'))) {
      expect(provider, `${type} ${name}`).toContain('pulumi:providers:aws::aws::');
    }
  });

  test.each(['aws', 'aws-cn', 'aws-us-gov'])('carries partition %s in every ARN', async (partition) => {
    const texts = JSON.stringify((await declare(argsOf(partition))).map(({ inputs }) => inputs));
    const partitions = [...texts.matchAll(/\barn:([a-z-]+):/g)].map(([, found]) => found);
    expect(partitions.length).toBeGreaterThan(3);
    expect(new Set(partitions)).toEqual(new Set([partition]));
  });

  // AWS China takes `events.amazonaws.com.cn` and `lambda.amazonaws.com.cn` for no principal at all.
  test.each(['aws', 'aws-cn', 'aws-us-gov'])(
    'has the same service names in partition %s, so that its policies are valid there',
    async (partition) => {
      const texts = JSON.stringify((await declare(argsOf(partition))).map(({ inputs }) => inputs));
      const services = [...texts.matchAll(/\b\w+\.amazonaws\.com[\w.]*/g)].map(([found]) => found);
      expect(services.length).toBeGreaterThan(0);
      for (const service of services) {
        expect(['events.amazonaws.com', 'lambda.amazonaws.com', 'ec2.amazonaws.com']).toContain(service);
      }
    },
  );
});

test("a queue's address has the partition's domain", () => {
  const at = { accountId: '222222222222', region: 'cn-north-1' };
  expect(queueUrl({ ...at, partition: 'aws-cn' }, names.resultsQueue)).toBe(
    'https://sqs.cn-north-1.amazonaws.com.cn/222222222222/portcullis-results',
  );
  expect(queueUrl({ ...at, region: 'eu-west-1', partition: 'aws' }, names.lifecycleQueue)).toBe(
    'https://sqs.eu-west-1.amazonaws.com/222222222222/portcullis-lifecycle',
  );
});
