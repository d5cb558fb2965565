import { EC2 } from '@aws-sdk/client-ec2';
import type { Sandbox } from '../sandbox.ts';
import { type OpenedGroup, openToTheWorld, until } from './security-group.ts';
import { assert, type Step } from './step.ts';

const at = { accountId: '300000000004', region: 'eu-west-1' };

/** What years leave behind: SSH of an instance with a public address, and a database port of a group that nothing uses. */
export interface OpenedBefore {
  readonly ssh: OpenedGroup;
  readonly database: OpenedGroup;
}

/** Opens both, before anything is installed. */
export async function openBefore(sandbox: Pick<Sandbox, 'root'>): Promise<OpenedBefore> {
  const ssh = await openToTheWorld(sandbox, { ...at, port: 22 });
  const database = await openToTheWorld(sandbox, { ...at, port: 5432 });
  const instance = { ImageId: 'ami-00000001', MinCount: 1, MaxCount: 1, SecurityGroupIds: [ssh.groupId] };
  await new EC2(sandbox.root(at.accountId, at.region)).runInstances(instance);
  return { ssh, database };
}

interface Finding {
  readonly groupId: string;
  readonly state: string;
  readonly exposure: string;
}

export const findOpened: Step = {
  claim:
    'ingress that was open before the installation is found, with its exposure; one rule is deleted, and the list says so',
  async run({ sandbox, controlPlane, before }, show) {
    assert(before !== undefined, 'nothing was opened before the installation');
    const { ssh, database } = before;
    const scope = ['--account', at.accountId, '--region', at.region];
    const sweep = async () => {
      const { exit, output } = await controlPlane.cli(['sweep', ...scope], show);
      assert(exit === 3, `sweep ended with exit code ${exit}, not 3 (there are findings):\n${output}`);
    };
    const findingOf = async ({ groupId }: OpenedGroup) => {
      const path = `/v1/findings?account=${at.accountId}&limit=100`;
      const { findings } = await controlPlane.get<{ findings: Finding[] }>(path);
      return findings.find((finding) => finding.groupId === groupId);
    };
    const expectOf = async (group: OpenedGroup, state: string, level: string) => {
      const found = await findingOf(group);
      const seen = found && `${found.state}, ${found.exposure}`;
      assert(
        seen === `${state}, ${level}`,
        `${group.groupId}: ${seen ?? 'not found'}, not ${state}, ${level}`,
      );
    };
    await sweep();
    await expectOf(ssh, 'open', 'reachable');
    await expectOf(database, 'open', 'unattached');
    await controlPlane.cli(['findings', ...scope], show);
    await new EC2(sandbox.root(at.accountId, at.region)).revokeSecurityGroupIngress({
      GroupId: ssh.groupId,
      SecurityGroupRuleIds: [ssh.ruleId],
    });
    await sweep();
    await until(`${ssh.groupId} is resolved`, 30, async () =>
      (await findingOf(ssh))?.state === 'resolved' ? true : undefined,
    );
    await expectOf(database, 'open', 'unattached');
    return 'SSH reachable from the internet, a database port of an unattached group; the deleted rule is resolved, the other open';
  },
};
