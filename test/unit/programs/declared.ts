import * as pulumi from '@pulumi/pulumi';
import type { StackArguments } from '../../../programs/arguments.ts';
import { program } from '../../../programs/program.ts';

/** One resource as a program declared it. */
export interface Declared {
  readonly type: string;
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: the inputs of any resource type.
  readonly inputs: any;
  readonly provider: string;
}

/** Runs a program under Pulumi's mocks; everything it declared, in a stable order. */
export async function declare(args: StackArguments): Promise<Declared[]> {
  const declared: Declared[] = [];
  await pulumi.runtime.setMocks(
    {
      newResource({ type, name, inputs, provider }) {
        declared.push({ type, name, inputs, provider: provider ?? '' });
        const arn = inputs.arn ?? `arn-of:${type.split(':').at(-1)}:${inputs.name}`;
        return {
          id: `${name}-id`,
          state: { ...inputs, arn, url: `url-of:${inputs.name}`, uniqueId: `id-of:${name}` },
        };
      },
      call: ({ inputs }) => inputs,
    },
    'portcullis',
    'test',
    false,
  );
  await pulumi.runtime.runInPulumiStack(async () => program(args));
  await pulumi.runtime.disconnect();
  return declared.sort((a, b) => `${a.type} ${a.name}`.localeCompare(`${b.type} ${b.name}`));
}

/** Short names of AWS resources: `EventRule portcullis-ingress`. */
export const titles = (declared: readonly Declared[]): string[] =>
  declared
    .filter(({ type }) => type.startsWith('aws:'))
    .map(({ type, name }) => `${type.split(':').at(-1)} ${name}`);

/** The inputs of the one resource of that type and name. */
export function inputsOf(declared: readonly Declared[], type: string, name: string): Declared['inputs'] {
  const found = declared.filter((each) => each.type.endsWith(`:${type}`) && each.name === name);
  if (found.length !== 1) throw new Error(`${found.length} resources ${type} ${name}`);
  return found[0]?.inputs;
}

export const hubArgs = (partition = 'aws', region = 'eu-west-1') => ({
  kind: 'hub' as const,
  place: { partition, accountId: '222222222222', region, accessRoleArn: roleOf(partition, '222222222222') },
  organizationId: 'o-portcullis',
  bundle: { file: new URL('./declared.ts', import.meta.url).pathname, sha256: 'f00d' },
  securityHub: false,
  logRetentionDays: 90,
});

export const roleOf = (partition: string, accountId: string) =>
  `arn:${partition}:iam::${accountId}:role/OrganizationAccountAccessRole`;

export const hubAt = (partition = 'aws', region = 'eu-west-1') => ({
  partition,
  accountId: '222222222222',
  region,
});

export const accountArgs = (cells: { region: string; lifecycle: boolean }[] = [], partition = 'aws') => ({
  kind: 'account' as const,
  place: {
    partition,
    accountId: '300000000001',
    region: 'us-east-1',
    accessRoleArn: roleOf(partition, '300000000001'),
  },
  hub: hubAt(partition),
  organizationId: 'o-portcullis',
  narrowing: false,
  securityHub: false,
  trails: {},
  cells,
});

export const regionArgs = (cell: { region: string; lifecycle: boolean }, partition = 'aws') => ({
  kind: 'region' as const,
  place: { ...accountArgs([], partition).place, region: cell.region },
  hub: hubAt(partition),
  cell,
});
