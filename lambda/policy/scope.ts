import type { AccountFacts } from './account-facts.ts';
import type { Scope, Selector } from './schema/scope.ts';
import type { Fact, Match, SecurityGroup, Situation } from './security-group.ts';

type Answer = Match['match'];
type Facts = { group: SecurityGroup; situation: Situation; account: AccountFacts | undefined };

/** Whether a group is in a scope. A missing fact makes the answer unknown when the answer depends on it. */
export function matchScope(scope: Scope | undefined, group: SecurityGroup, situation: Situation): Match {
  const facts = { group, situation, account: factsOf(situation) };
  const included = scope?.include ? any(scope.include, facts) : 'yes';
  const excluded = scope?.exclude ? any(scope.exclude, facts) : 'no';
  if (included === 'no') return { match: 'no', why: `${group.id} is not in the rule's scope` };
  if (excluded === 'yes') return { match: 'no', why: `${group.id} is excluded from the rule's scope` };
  if (included === 'yes' && excluded === 'no') return { match: 'yes', why: `${group.id} is in scope` };
  return { match: 'unknown', why: `whether ${group.id} is in scope is not known: ${unknowns(facts)}` };
}

function factsOf({ account, accounts }: Situation): AccountFacts | undefined {
  if (account === undefined || !accounts || !Object.hasOwn(accounts, account)) return undefined;
  return accounts[account];
}

function unknowns({ group, situation, account }: Facts): string {
  const missing = [
    ...(situation.account === undefined ? ['its account'] : []),
    ...(situation.region === undefined ? ['its Region'] : []),
    ...(account ? [] : [`organizational units and tags of account ${situation.account ?? ''}`.trim()]),
    ...(group.tags ? [] : ["the group's tags"]),
  ];
  return `the policy has no ${missing.join(', ')}`;
}

function any(selectors: readonly Selector[], facts: Facts): Answer {
  const answers = selectors.map((selector) => selects(selector, facts));
  if (answers.includes('yes')) return 'yes';
  return answers.includes('unknown') ? 'unknown' : 'no';
}

function selects(selector: Selector, { group, situation, account }: Facts): Answer {
  const read = (fact: Fact, value: readonly string[]) => (group.unread?.has(fact) ? undefined : value);
  const answers = [
    listed(selector.organizationalUnits, account?.organizationalUnits),
    listed(selector.accounts, situation.account && [situation.account]),
    listed(selector.regions, situation.region && [situation.region]),
    tagged(selector.accountTags, account?.tags),
    listed(selector.vpcs, read('vpc', group.vpcId === null ? [] : [group.vpcId])),
    listed(selector.groupIds, read('id', [group.id])),
    listed(selector.groupNames, read('name', [group.name]), fits),
    tagged(selector.groupTags, group.tags),
  ];
  if (answers.includes('no')) return 'no';
  return answers.includes('unknown') ? 'unknown' : 'yes';
}

function listed(
  wanted: readonly string[] | undefined,
  present: readonly string[] | '' | undefined,
  isSame = (one: string, other: string) => one === other,
): Answer {
  if (!wanted) return 'yes';
  return present ? yes(wanted.some((each) => present.some((value) => isSame(each, value)))) : 'unknown';
}

function tagged(
  wanted: Readonly<Record<string, readonly string[]>> | undefined,
  tags: Readonly<Record<string, string>> | undefined,
): Answer {
  if (!wanted) return 'yes';
  if (!tags) return 'unknown';
  const present = new Map(Object.entries(tags));
  return yes(
    Object.entries(wanted).every(([key, globs]) => {
      const value = present.get(key);
      return value !== undefined && globs.some((glob) => fits(glob, value));
    }),
  );
}

function yes(condition: boolean): Answer {
  return condition ? 'yes' : 'no';
}

/** Whether a text matches a pattern, in which `*` stands for any characters and `?` for one. Case-sensitive. */
export function fits(glob: string, text: string): boolean {
  let [at, here, star, resume] = [0, 0, -1, 0];
  while (here < text.length) {
    if (glob[at] === '*') {
      star = at;
      resume = here;
      at += 1;
    } else if (glob[at] === '?' || glob[at] === text[here]) {
      at += 1;
      here += 1;
    } else if (star >= 0) {
      at = star + 1;
      resume += 1;
      here = resume;
    } else return false;
  }
  while (glob[at] === '*') at += 1;
  return at === glob.length;
}
