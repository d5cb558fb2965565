import { createHash } from 'node:crypto';
import type { Hold, StackToOffboard } from '../stacks/offboarding.ts';

export interface GuardSettings {
  /** Percent of the accounts. More missing at once needs a confirmation. */
  readonly shrinkPercent: number;
  /** Stacks. More destroyed within 24 hours needs a confirmation. */
  readonly deleteLimit: number;
}

interface GuardFacts {
  /** Accounts that were active within the last 24 hours or still have a stack. */
  readonly recordedActive: ReadonlySet<string>;
  readonly listedActive: ReadonlySet<string>;
  /** Accounts whose offboarding a person confirmed. */
  readonly confirmed: ReadonlySet<string>;
  /** Stacks to destroy that are not cleared, and those cleared without a person within the last 24 hours. */
  readonly deletions: number;
  readonly settings: GuardSettings;
}

/** One missing account is always allowed: in a small organization it is a large share. */
const leastMissing = 2;

/**
 * What may continue without a confirmation. A sudden shrink is more likely a wrong listing than closed accounts, so
 * it holds everything. Deletions of 24 hours are counted together, so slow ones are held too. Pure.
 */
export function guard({ recordedActive, listedActive, confirmed, deletions, settings }: GuardFacts): Hold {
  const missing = [...recordedActive].filter((id) => !listedActive.has(id) && !confirmed.has(id)).length;
  const share = (missing * 100) / Math.max(1, recordedActive.size);
  if (missing >= leastMissing && share > settings.shrinkPercent) {
    return {
      kind: 'everything',
      why: `${missing} of ${recordedActive.size} accounts are no longer active in the organization's listing, which is more than ${settings.shrinkPercent} %`,
    };
  }
  if (deletions > settings.deleteLimit) {
    return {
      kind: 'deletions',
      why: `${deletions} stacks would be destroyed within a day, which is more than ${settings.deleteLimit}`,
    };
  }
  return { kind: 'nothing', why: '' };
}

/** Identifies exactly this set: another stack, or a later offboarding of the same stack, gives another digest. Pure. */
export function digestOf(
  set: readonly (Pick<StackToOffboard, 'key' | 'what'> & { readonly since: Date })[],
): string {
  const lines = set.map(({ key, what, since }) => `${key} ${what} ${since.toISOString()}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

export function describeSet(set: readonly StackToOffboard[]): string {
  const part = (what: StackToOffboard['what'], verb: string) => {
    const stacks = set.filter((each) => each.what === what);
    const accounts = new Set(stacks.map(({ accountId }) => accountId)).size;
    return stacks.length === 0
      ? []
      : [`${verb} ${counted(stacks.length, 'stack')} in ${counted(accounts, 'account')}`];
  };
  return [
    ...part('destroy', 'destroy'),
    ...part('archive', 'archive the state of, without touching a resource,'),
  ].join('; ');
}
