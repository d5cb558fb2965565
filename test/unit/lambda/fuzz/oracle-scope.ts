import type { Scope, Selector } from '../../../../lambda/policy/schema/scope.ts';
import { remembering } from './address-space.ts';

export type Answer = 'yes' | 'no' | 'unknown';

/** The place and the time that a group is judged at; `units` is left out where the organization's facts lack the account. */
export interface Where {
  account: string;
  region: string;
  units?: readonly string[] | undefined;
  groupId: string;
  groupName: string;
  tags: Readonly<Record<string, string>>;
  now: Date;
}

/** Whether a group is in a scope: in any of `include`, if there is one, and in none of `exclude`. */
export function scopeAnswer(scope: Scope | undefined, where: Where): Answer {
  const within = any((scope?.include ?? [{}]).map((selector) => selects(selector, where)));
  const without = any((scope?.exclude ?? []).map((selector) => selects(selector, where)));
  if (within === 'no' || without === 'yes') return 'no';
  return within === 'yes' && without === 'no' ? 'yes' : 'unknown';
}

function any(answers: Answer[]): Answer {
  return answers.includes('yes') ? 'yes' : answers.includes('unknown') ? 'unknown' : 'no';
}

function selects(selector: Selector, where: Where): Answer {
  const known = ['organizationalUnits', 'accounts', 'regions', 'groupIds', 'groupNames', 'groupTags'];
  const other = Object.keys(selector).find((key) => !known.includes(key));
  if (other) throw new Error(`the oracle does not know ${other}`);
  const { organizationalUnits, accounts, regions, groupIds, groupNames, groupTags = {} } = selector;
  const tagged = Object.entries(groupTags).every(
    ([key, globs]) => Object.hasOwn(where.tags, key) && fits(globs, where.tags[key] ?? ''),
  );
  const misses =
    (accounts && !accounts.includes(where.account)) ||
    (regions && !regions.includes(where.region)) ||
    (groupIds && !groupIds.includes(where.groupId)) ||
    (groupNames && !fits(groupNames, where.groupName)) ||
    !tagged;
  if (misses) return 'no';
  if (!organizationalUnits) return 'yes';
  if (!where.units) return 'unknown';
  return organizationalUnits.some((unit) => where.units?.includes(unit)) ? 'yes' : 'no';
}

function fits(globs: readonly string[], text: string): boolean {
  return globs.some((glob) => patternOf(glob).test(text));
}

const patternOf = remembering((glob: string) => {
  const pattern = glob
    .replace(/[^\w*?]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${pattern}$`);
});
