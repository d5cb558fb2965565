import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { reportOf } from '../../../controlplane/cli/policy/evaluate.ts';
import { compare, readExpectations } from '../../../controlplane/cli/policy/expect.ts';
import { readGroups } from '../../../controlplane/cli/policy/exports.ts';
import { readPrefixLists } from '../../../controlplane/cli/policy/facts.ts';
import { type Policy, parsePolicy } from '../../../lambda/policy/parse.ts';
import { repository, text } from '../../worlds/repository.ts';
import { cli } from '../controlplane/cli/cli.ts';

const library = 'docs/policies';
const names = readdirSync(path.join(repository, library), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

/** Where a policy of the library has its files. */
function filesOf(name: string) {
  const file = (part: string) => `${library}/${name}/${part}.yaml`;
  const lists = ['prefix-lists', 'own-lists']
    .map(file)
    .filter((each) => existsSync(path.join(repository, each)));
  return { policy: file('policy'), groups: file('groups'), cases: file('cases'), lists };
}

/** The cases that a policy does not meet, by the evaluator of the Lambda. */
async function unmet(name: string, change: (policy: Policy) => Policy = (policy) => policy) {
  const { policy: file, groups, cases, lists } = filesOf(name);
  const policy = change(parsePolicy(text(file)));
  const place = { account: undefined, region: undefined };
  const input = { prefixLists: await readPrefixLists(lists), accounts: {}, now: new Date('2027-01-01') };
  const evaluated = (await readGroups([groups], place)).map((snapshot) => ({
    snapshot,
    report: reportOf(policy, snapshot, input),
  }));
  return compare(await readExpectations(cases), policy, evaluated, place, input).mismatches;
}

describe.each(names)('the policy %s of the library', (name) => {
  const { policy, cases } = filesOf(name);
  const page = text(`${library}/${name}.md`);

  test('meets its cases, of which some pass and some fail', async () => {
    expect(await unmet(name)).toEqual([]);
    expect(text(cases)).toMatch(/verdict: violation/);
    expect(text(cases)).toMatch(/verdict: (allowed|excepted)/);
  });

  test('fails a case without any one of its rules and exceptions', async () => {
    const { rules, exceptions = [] } = parsePolicy(text(policy));
    for (const rule of rules)
      expect(
        await unmet(name, (each) => ({ ...each, rules: each.rules.filter((one) => one.name !== rule.name) })),
        rule.name,
      ).not.toEqual([]);
    for (const { name: spared } of exceptions)
      expect(
        await unmet(name, (each) => ({
          ...each,
          exceptions: (each.exceptions ?? []).filter((one) => one.name !== spared),
        })),
        spared,
      ).not.toEqual([]);
  });

  test('is on its page as it is in the file', () => {
    expect(page).toContain(`\`\`\`yaml\n${text(policy)}\`\`\``);
    expect(page).toMatch(/## Intent\n[\s\S]*## What this policy cannot say\n[\s\S]*## Sources\n/);
    expect(text(`${library}/README.md`)).toContain(`](${name}.md)`);
  });

  test('is tried by the command of its page', async () => {
    const [, line = ''] = /^npx portcullis (policy test .*)$/m.exec(page) ?? [];
    const { exit, out } = await cli(...line.split(' '));
    expect(out).toMatch(/\d+ expectations met, 0 not/);
    expect(exit).toBe(0);
  });
});
