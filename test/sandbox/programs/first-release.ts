import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Provider } from '@pulumi/aws/provider.js';
import * as pulumi from '@pulumi/pulumi';
import { busArn, queueArn, roleArn } from '../../../programs/names.ts';
import { type DeploymentWorld, hub } from '../../worlds/deployment.ts';

type Inputs = Record<string, unknown>;
interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly inputs: Inputs;
}

/**
 * What the programs of the first release declare, as test/unit/programs/declarations.test.ts recorded it then. These files
 * are never written anew: they stand for installations that exist.
 */
const recordingOf = (kind: 'hub' | 'account' | 'region'): Recorded[] =>
  JSON.parse(readFileSync(new URL(`../../fixtures/upgrade/${kind}.json`, import.meta.url), 'utf8'));

class Resource extends pulumi.CustomResource {}
class Component extends pulumi.ComponentResource {}

/** What waits for what, as the programs' dependencies have it: nothing waits for anything of its own row or a later one. */
const rows = [
  /EventBus$|Queue$|LogGroup$|Table$|:Role$/,
  /Queue with dead letters$/,
  /Policy$/,
  /Function$/,
  /Permission$|InvokeConfig$|EventRule$|MetricAlarm$/,
  /EventTarget$/,
];

const rowOf = ({ type, inputs }: Recorded) =>
  rows.findIndex((row) => row.test('redrivePolicy' in inputs ? `${type} with dead letters` : type));

/** The recorded text with the ARNs, URLs and the organization of this world in place of those of the recording. */
function placed(text: string, world: DeploymentWorld, accountId: string): string {
  const at = { ...hub, accountId };
  const arns: Record<string, (name: string) => string> = {
    Queue: (name) => queueArn(at, name),
    EventBus: (name) => busArn(at, name),
    Role: (name) => roleArn(at, name),
    Function: (name) => `arn:aws:lambda:${at.region}:${accountId}:function:${name}`,
  };
  return text
    .replace(/arn-of:(\w+):([\w-]+)/g, (_, type, name) => arns[type]?.(name) ?? '')
    .replace(/url-of:([\w-]+)/g, `${world.sandbox.endpoint}/${accountId}/$1`)
    .replaceAll('o-portcullis', world.sandbox.organization.id);
}

function providerOf(recorded: readonly Recorded[]): Provider {
  const { inputs = {} } = recorded.find(({ type }) => type === 'pulumi:providers:aws') ?? {};
  const parsed = Object.entries(inputs).map(([key, value]) => [
    key,
    key === 'region' || key === 'stsRegion' || key === 'retryMode' ? value : JSON.parse(String(value)),
  ]);
  return new Provider('aws', Object.fromEntries(parsed));
}

/** The program of the first release for a stack: each recorded resource by its type and name, under its parent. */
export function firstRelease(world: DeploymentWorld, kind: 'hub' | 'account' | 'region', accountId: string) {
  const recorded: Recorded[] = JSON.parse(placed(JSON.stringify(recordingOf(kind)), world, accountId));
  return () => {
    const provider = providerOf(recorded);
    const component = recorded.find(({ type }) => type.startsWith('portcullis:'));
    const parent = component && new Component(component.type, component.name, {}, { providers: [provider] });
    let before: pulumi.Resource[] = [];
    for (const row of rows.keys()) {
      const dependsOn = before;
      const made = recorded
        .filter((each) => each.type.startsWith('aws:') && rowOf(each) === row)
        .map(({ type, name, inputs }) => {
          const code = new pulumi.asset.AssetArchive({
            'index.mjs': new pulumi.asset.FileAsset(join(dirname(world.bundle.file), 'index.mjs')),
          });
          const { sourceCodeHash: _, ...rest } = inputs;
          const given = 'code' in inputs ? { ...rest, code } : inputs;
          return new Resource(type, name, given, { provider, dependsOn, ...(parent && { parent }) });
        });
      before = [...before, ...made];
    }
    return {};
  };
}
