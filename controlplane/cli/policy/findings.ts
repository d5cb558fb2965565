import * as z from 'zod';
import { formatRule, openingOfFinding } from '../../../lambda/policy/rule.ts';
import type { Fact } from '../../../lambda/policy/security-group.ts';
import type { GroupSnapshot } from './evaluate.ts';
import { parseAs } from './input.ts';

/** The part of a remediation result that a rule is rebuilt from; records of earlier versions have it as well. */
const resultSchema = z.object({
  eventId: z.string(),
  account: z.string(),
  region: z.string(),
  groupId: z.string().nullable(),
  groupName: z.string().nullable(),
  vpcId: z.string().nullable(),
  findings: z.array(
    z.object({
      ruleId: z.string(),
      protocol: z.string(),
      fromPort: z.int().nullable(),
      toPort: z.int().nullable(),
      source: z.string(),
    }),
  ),
  undecided: z.array(z.object({ ruleId: z.string() })),
  excepted: z.array(z.object({ ruleId: z.string() })).default([]),
  omitted: z.int().default(0),
});
const listSchema = z.object({ remediations: z.array(z.object({ result: resultSchema })) });

type Result = z.infer<typeof resultSchema>;

/** Rules as remediation results tell of them, and in sentences what those do not tell. */
export interface Findings {
  readonly snapshots: readonly GroupSnapshot[];
  readonly gaps: readonly string[];
}

export function isRemediations(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'remediations');
}

/** What the answer of `GET /v1/remediations` tells of rules, each once, as the newest result has it. */
export function readFindings(value: unknown, name: string): Findings {
  const { remediations } = parseAs(listSchema, value, name);
  const results = remediations.map(({ result }) => result);
  const seen = new Set<string>();
  const snapshots = results.flatMap((result) => snapshotOf(result, seen) ?? []);
  return { snapshots, gaps: gapsOf(results) };
}

function snapshotOf(result: Result, seen: Set<string>): GroupSnapshot | undefined {
  const { account, region, groupId, groupName, vpcId, findings } = result;
  if (groupId === null) return undefined;
  const rules = findings
    .map((each) => ({ id: each.ruleId, groupId, egress: false, ...openingOfFinding(each) }))
    .filter((rule) => {
      const key = [account, region, groupId, rule.id, formatRule(rule)].join(' ');
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
  if (rules.length === 0) return undefined;
  const unread = new Set<Fact>();
  if (groupName === null) unread.add('name');
  if (vpcId === null) unread.add('vpc');
  const group = { id: groupId, name: groupName ?? '', vpcId, unread };
  return { group, account, region, rules, egress: 0, notes: [] };
}

function gapsOf(results: readonly Result[]): string[] {
  const sum = (of: (result: Result) => number) => results.reduce((total, result) => total + of(result), 0);
  const counts: [number, string][] = [
    [sum(({ undecided }) => undecided.length), 'undecided rules, of which results tell no ports and sources'],
    [sum(({ excepted }) => excepted.length), 'excepted rules, of which results tell no ports and sources'],
    [sum(({ omitted }) => omitted), 'rules that were left out of results for their size'],
  ];
  return counts.flatMap(([count, what]) => (count > 0 ? [`not compared: ${count} ${what}`] : []));
}
