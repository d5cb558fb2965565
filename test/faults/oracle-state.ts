import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Listed, saying } from './oracle-declared.ts';
import type { FaultStage } from './stage.ts';

const resource = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  outputs: z.record(z.string(), z.unknown()).default({}),
});
const checkpoint = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        resources: z.array(resource).default([]),
        pending_operations: z.array(z.unknown()).nullish(),
      })
      .nullish(),
  }),
});

/** What the Pulumi state says there is. */
export interface StateView {
  readonly stacks: readonly string[];
  /** Resources in the words of `oracle-cloud.ts`, as often as the state has them. */
  readonly resources: readonly Listed[];
  /** What should not be: a URN twice, an operation without an end, a lock without an owner. */
  readonly wrong: readonly string[];
}

type Outputs = Record<string, unknown>;
const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
const bus = ({ eventBusName }: Outputs) => eventBusName ?? 'default';
const deadLetterArn = ({ deadLetterConfig }: Outputs) =>
  text((deadLetterConfig as { arn?: unknown } | null | undefined)?.arn);

/** Resource types that the cloud's view knows, by what identifies one of them, with what it says. */
const describe: Record<string, (place: string, outputs: Outputs) => Listed> = {
  'aws:iam/role:Role': (place, { name, assumeRolePolicy }) => ({
    name: `role ${place} ${name}`,
    says: saying.document(text(assumeRolePolicy)),
  }),
  'aws:iam/rolePolicy:RolePolicy': (place, { role, name, policy }) => ({
    name: `role policy ${place} ${role}/${name}`,
    says: saying.document(text(policy)),
  }),
  'aws:cloudwatch/eventRule:EventRule': (place, outputs) => ({
    name: `rule ${place} ${bus(outputs)}/${outputs.name}`,
    says: saying.rule(text(outputs.state), text(outputs.eventPattern) ?? text(outputs.scheduleExpression)),
  }),
  'aws:cloudwatch/eventTarget:EventTarget': (place, outputs) => ({
    name: `target ${place} ${bus(outputs)}/${outputs.rule}/${outputs.targetId}`,
    says: saying.target({
      arn: text(outputs.arn),
      roleArn: text(outputs.roleArn),
      deadLetters: deadLetterArn(outputs),
    }),
  }),
  'aws:sqs/queue:Queue': (place, { name }) => ({ name: `queue ${place} ${name}`, says: '' }),
};

const json = (file: string): unknown => JSON.parse(readFileSync(file, 'utf8'));
const filesUnder = (directory: string): string[] =>
  existsSync(directory)
    ? readdirSync(directory, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [];

/** Reads the state of every stack from the files in the stage's directory. @throws on a file that is no checkpoint */
export function readState({ directory, sandbox }: FaultStage): StateView {
  const root = join(directory, 'state/.pulumi');
  const files = filesUnder(join(root, 'stacks/portcullis')).filter((file) => file.endsWith('.json'));
  const wrong = filesUnder(join(root, 'locks')).map((file) => `a lock is left: ${file}`);
  const resources: Listed[] = [];
  const stacks = files.map((file) => {
    const stack = file.replace(/^.*\/(.+)\.json$/, '$1');
    const account = /\d{12}/.exec(stack)?.[0] ?? sandbox.organization.hubAccountId;
    const latest = checkpoint.parse(json(file)).checkpoint.latest;
    const urns = (latest?.resources ?? []).map(({ urn }) => urn);
    wrong.push(
      ...urns.filter((urn, at) => urns.indexOf(urn) !== at).map((urn) => `${stack} has ${urn} twice`),
      ...(latest?.pending_operations ?? []).map((one) => `${stack} has pending ${JSON.stringify(one)}`),
    );
    for (const { type, outputs } of latest?.resources ?? []) {
      const place = type.startsWith('aws:iam/') ? account : `${account} ${outputs.region}`;
      const described = describe[type]?.(place, outputs);
      if (described) resources.push(described);
    }
    return stack;
  });
  resources.sort((a, b) => (a.name < b.name ? -1 : 1));
  return { stacks: stacks.sort(), resources, wrong };
}
