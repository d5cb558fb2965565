import type { Policy } from '../../lambda/policy/parse.ts';
import type { AccountTable } from '../../programs/bundle.ts';
import { PortcullisError } from '../settings/errors.ts';
import type { AccountRecord } from '../store/accounts.ts';

type AccountFacts = Pick<AccountRecord, 'id' | 'state' | 'parents' | 'unitNames' | 'tags'>;

/** Organization facts that a policy uses: units by id or name, and keys of account tags. */
export interface AskedFacts {
  readonly units: ReadonlySet<string>;
  readonly tagKeys: ReadonlySet<string>;
}

/** Pure. */
export function factsAskedBy({ rules, exceptions = [] }: Policy): AskedFacts {
  const scopes = [...rules.map(({ scope }) => scope), ...exceptions.map(({ where }) => where)];
  const selectors = scopes.flatMap((scope) => [...(scope?.include ?? []), ...(scope?.exclude ?? [])]);
  return {
    units: new Set(selectors.flatMap(({ organizationalUnits = [] }) => organizationalUnits)),
    tagKeys: new Set(selectors.flatMap(({ accountTags = {} }) => Object.keys(accountTags))),
  };
}

/**
 * The table of active accounts with only the facts that the policy uses, so that no other change of the organization
 * changes it. Empty when the policy uses none. Pure.
 * @throws PortcullisError `organization-unreadable` when tags are used and were never read
 */
export function accountTable(
  { units, tagKeys }: AskedFacts,
  accounts: readonly AccountFacts[],
): AccountTable {
  if (units.size + tagKeys.size === 0) return {};
  const active = accounts.filter(({ state }) => state === 'ACTIVE');
  return Object.fromEntries(
    active.map((account) => [
      account.id,
      {
        organizationalUnits: [...account.parents, ...account.unitNames].filter((each) => units.has(each)),
        tags: tagKeys.size > 0 ? tagsOf(account, tagKeys) : {},
      },
    ]),
  );
}

function tagsOf({ id, tags }: AccountFacts, keys: AskedFacts['tagKeys']): Record<string, string> {
  if (!tags)
    throw new PortcullisError('organization-unreadable', `the tags of account ${id} were never read`);
  return Object.fromEntries(Object.entries(tags).filter(([key]) => keys.has(key)));
}
