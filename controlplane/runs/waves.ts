import { createHash } from 'node:crypto';
import { PortcullisError } from '../settings/errors.ts';
import type { OrganizationAccount } from '../stacks/account.ts';

/** A stable pseudo-random order: the same in every run, with neighbouring ids far apart. */
const spread = (id: string): string => createHash('sha256').update(id).digest('hex');

/**
 * The wave of each account, counted from 1: the first that names it, else the last. A percentage applies to all
 * accounts of the run, including earlier waves, in a stable order.
 * @throws PortcullisError `unknown-scope` when a wave names an account or unit that the organization does not have
 */
export function wavesOf(
  waves: readonly string[],
  accounts: readonly OrganizationAccount[],
  all: readonly OrganizationAccount[] = accounts,
): Map<string, number> {
  const found = new Map<string, number>();
  const ordered = [...accounts].sort((a, b) => (spread(a.id) < spread(b.id) ? -1 : 1));
  for (const [index, wave] of waves.entries()) {
    for (const part of wave.split('+').map((text) => text.trim())) {
      for (const { id } of membersOf(part, ordered, all, found)) if (!found.has(id)) found.set(id, index + 1);
    }
  }
  for (const { id } of accounts) if (!found.has(id)) found.set(id, waves.length + 1);
  return found;
}

function membersOf(
  part: string,
  ordered: readonly OrganizationAccount[],
  all: readonly OrganizationAccount[],
  placed: ReadonlyMap<string, number>,
): readonly OrganizationAccount[] {
  if (part.endsWith('%')) {
    const wanted = Math.ceil((ordered.length * Number(part.slice(0, -1))) / 100) - placed.size;
    return ordered.filter(({ id }) => !placed.has(id)).slice(0, Math.max(0, wanted));
  }
  const names = (account: OrganizationAccount) => account.id === part || account.parents.includes(part);
  if (!all.some(names)) {
    throw new PortcullisError(
      'unknown-scope',
      `waves: ${part} is not an account or organizational unit of this organization`,
    );
  }
  return ordered.filter(names);
}
