import { EC2 } from '@aws-sdk/client-ec2';
import type { Sandbox } from '../sandbox.ts';

/** Asks until the answer is not undefined. @throws after the given time, saying what was waited for. */
export async function until<T>(what: string, seconds: number, ask: () => Promise<T | undefined>): Promise<T> {
  const giveUp = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > giveUp) throw new Error(`after ${seconds} s still not: ${what}`);
    await new Promise((next) => setTimeout(next, 20));
  }
}

export interface OpenedGroup {
  readonly groupId: string;
  /** The rule as it was made. */
  readonly ruleId: string;
  /** When the call that opened it returned. */
  readonly openedAt: number;
  /** Ids of the ingress rules that the group has now. */
  ruleIds(): Promise<string[]>;
}

/** Opens a port to the world in a new group of a member account, by ordinary AWS SDK calls as that account's root. */
export async function openToTheWorld(
  sandbox: Pick<Sandbox, 'root'>,
  at: { accountId: string; region: string; port: number },
): Promise<OpenedGroup> {
  const ec2 = new EC2(sandbox.root(at.accountId, at.region));
  const name = `demo-${at.port}-${Date.now()}`;
  const { GroupId: groupId = '' } = await ec2.createSecurityGroup({
    GroupName: name,
    Description: 'made by the demo',
  });
  const opened = await ec2.authorizeSecurityGroupIngress({
    GroupId: groupId,
    IpPermissions: [
      { IpProtocol: 'tcp', FromPort: at.port, ToPort: at.port, IpRanges: [{ CidrIp: '0.0.0.0/0' }] },
    ],
  });
  const openedAt = Date.now();
  const ruleId = opened.SecurityGroupRules?.[0]?.SecurityGroupRuleId;
  if (!ruleId) throw new Error('AuthorizeSecurityGroupIngress returned no rule id');
  return {
    groupId,
    ruleId,
    openedAt,
    async ruleIds() {
      const { SecurityGroupRules = [] } = await ec2.describeSecurityGroupRules({
        Filters: [{ Name: 'group-id', Values: [groupId] }],
      });
      return SecurityGroupRules.flatMap((rule) =>
        rule.IsEgress || !rule.SecurityGroupRuleId ? [] : [rule.SecurityGroupRuleId],
      );
    },
  };
}
