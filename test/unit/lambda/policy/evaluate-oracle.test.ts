import type { SecurityGroupRule as Listed } from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { evaluate, type Verdict } from '../../../../lambda/policy/evaluate.ts';
import type { PrefixList, SecurityGroupRule } from '../../../../lambda/policy/security-group.ts';
import { evaluateGroup } from '../fuzz/oracle.ts';
import type { Content } from '../fuzz/oracle-source.ts';
import { accounts } from '../fuzz/policies.ts';
import { policyArbitrary } from '../fuzz/random-policy.ts';
import { trials } from '../fuzz/runs.ts';
import { createScene, sceneArbitrary } from '../fuzz/scene.ts';

const now = new Date('2026-03-02T09:15:10Z');

function ruleOf(listed: Listed): SecurityGroupRule {
  const { CidrIpv4, CidrIpv6, PrefixListId, ReferencedGroupInfo: peer } = listed;
  const sources: SecurityGroupRule['source'][] = [
    ...[CidrIpv4, CidrIpv6].flatMap((text) => (text ? [{ kind: 'cidr' as const, text }] : [])),
    ...(PrefixListId ? [{ kind: 'prefix-list' as const, text: PrefixListId }] : []),
    ...(peer ? [{ kind: 'group' as const, text: peer.GroupId ?? '', account: peer.UserId ?? null }] : []),
  ];
  const [only = { kind: 'unknown' as const, text: '' }] = sources;
  return {
    ...{
      id: listed.SecurityGroupRuleId ?? '',
      groupId: listed.GroupId ?? '',
      egress: listed.IsEgress ?? false,
    },
    ...{
      protocol: listed.IpProtocol ?? '',
      fromPort: listed.FromPort ?? null,
      toPort: listed.ToPort ?? null,
    },
    source: sources.length === 1 ? only : { kind: 'unknown', text: 'several' },
  };
}

function listOf(content: Content): PrefixList {
  if (content === 'aws') return { kind: 'aws', name: 'com.amazonaws.x' };
  if (content === 'unreadable') return { kind: 'unknown', reason: 'could not be read' };
  return { kind: 'entries', cidrs: content.cidrs };
}

const words = {
  violation: 'forbidden',
  undecided: 'unclear',
  allowed: 'allowed',
  excepted: 'excepted',
} as const;

/** What nothing could put back is not revoked: then it is not decided. */
function told(verdict: Verdict): (string | null)[] {
  const { rule } = verdict;
  if (verdict.verdict === 'violation' && verdict.mode === 'revoke' && rule.source.kind === 'unknown')
    return [rule.id, 'unclear', null, null];
  const by = 'policyRule' in verdict ? verdict.policyRule.name : null;
  return [rule.id, words[verdict.verdict], by, 'mode' in verdict ? verdict.mode : null];
}

const runs = trials('policies of any clauses', { quick: 1_500, full: 10_000 });

it('policies of any clauses are judged as the oracle does, in any account', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(
      policyArbitrary,
      sceneArbitrary,
      fc.constantFrom('300000000001', '012345678901', '300000000002'),
      (policy, numbers, account) => {
        const region = 'eu-west-1';
        const { cells, lists } = createScene(account, region, numbers);
        const prefixLists = new Map([...lists].map(([id, content]) => [id, listOf(content)]));
        for (const { id, name, tags: listed, rules } of cells.get(`${account}/${region}`)?.values() ?? []) {
          const tags = Object.fromEntries(listed.map(({ Key, Value }) => [Key, Value]));
          const place = { account, region, accounts, prefixLists, now };
          const verdicts = evaluate(policy, { id, name, vpcId: 'vpc-1', tags }, rules.map(ruleOf), place);
          const found = verdicts.filter(({ rule }) => !rule.egress).map(told);
          const units = accounts[account]?.organizationalUnits;
          const where = { account, region, units, groupId: id, groupName: name, tags, now };
          const expected = [...evaluateGroup(policy, where, rules, lists)].map(
            ([ruleId, { verdict, by, mode }]) => {
              const decided = verdict === 'forbidden' || verdict === 'excepted';
              return [
                ruleId,
                verdict,
                decided ? (by?.name ?? null) : null,
                verdict === 'forbidden' ? (mode ?? null) : null,
              ];
            },
          );
          expect(found).toEqual(expected);
          for (const { verdict } of verdicts) seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
        }
      },
    ),
    { numRuns: runs },
  );
  for (const verdict of Object.keys(words)) expect(seen.get(verdict), verdict).toBeGreaterThan(runs / 50);
}, 600_000);
