import * as z from 'zod';
import { findingSchema, remediationResultSchema } from '../../../lambda/contract/result.ts';
import { formatRule, openingOfFinding } from '../../../lambda/policy/rule.ts';
import { parseAs } from './input.ts';
import { type GroupSnapshot, knownGroup } from './snapshot.ts';

/** The part of a remediation result that a rule is rebuilt from. Results of earlier versions have it too. */
const resultSchema = remediationResultSchema
  .pick({ account: true, region: true, groupId: true, groupName: true, vpcId: true })
  .extend({
    findings: z.array(
      findingSchema.pick({ ruleId: true, protocol: true, fromPort: true, toPort: true, source: true }),
    ),
    undecided: z.array(z.object({ ruleId: z.string() })),
    excepted: z.array(z.object({ ruleId: z.string() })).default([]),
    omitted: z.int().default(0),
  });
const listSchema = z.object({ remediations: z.array(z.object({ result: resultSchema })) });

type Result = z.infer<typeof resultSchema>;

export const isRemediations = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, 'remediations');

/** The rules in the answer of `GET /v1/remediations`, each once, as the newest result has it; and what is missing, in sentences. */
export function readResults(value: unknown, name: string): { snapshots: GroupSnapshot[]; gaps: string[] } {
  const results = parseAs(listSchema, value, name).remediations.map(({ result }) => result);
  const seen = new Set<string>();
  return { snapshots: results.flatMap((result) => snapshotOf(result, seen)), gaps: gapsOf(results) };
}

function snapshotOf(result: Result, seen: Set<string>): GroupSnapshot[] {
  const { account, region, groupId, groupName, vpcId, findings } = result;
  if (groupId === null) return [];
  const rules = findings
    .map((each) => ({ id: each.ruleId, groupId, egress: false, ...openingOfFinding(each) }))
    .filter((rule) => {
      const key = [account, region, groupId, rule.id, formatRule(rule)].join(' ');
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  const group = knownGroup({ id: groupId, name: groupName, vpcId });
  return rules.length > 0 ? [{ group, account, region, rules, egress: 0, notes: [] }] : [];
}

function gapsOf(results: readonly Result[]): string[] {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  const counts: [number, string][] = [
    [sum(({ undecided }) => undecided.length), 'undecided rules, because results have only their ids'],
    [sum(({ excepted }) => excepted.length), 'excepted rules, because results have only their ids'],
    [sum(({ omitted }) => omitted), 'rules that were left out of large results'],
  ];
  return counts.flatMap(([count, what]) => (count > 0 ? [`not compared: ${count} ${what}`] : []));
}
