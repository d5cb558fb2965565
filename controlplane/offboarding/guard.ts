import { createHash } from 'node:crypto';
import type { Hold, StackToOffboard } from '../stacks/offboarding.ts';

export interface GuardSettings {
  /** Percent of the accounts; more than that missing at once needs a person. */
  readonly shrinkPercent: number;
  /** Stacks; more than that destroyed within a day needs a person. */
  readonly deleteLimit: number;
}

interface GuardFacts {
  /** Accounts that were active within the last day, or of which a stack is left. */
  readonly recordedActive: ReadonlySet<string>;
  readonly listedActive: ReadonlySet<string>;
  /** Accounts whose offboarding a person confirmed. */
  readonly confirmed: ReadonlySet<string>;
  /** Stacks to destroy that nobody has cleared, and those cleared within the last day without a person. */
  readonly deletions: number;
  readonly settings: GuardSettings;
}

/** One account may always go: of a few, it would be a large share. */
const leastMissing = 2;

/**
 * Whether offboardings may go on unasked. An organization that shrank at once is more likely a listing gone wrong than
 * accounts gone, so then nothing may; many deletions wait however slowly they come, since a day's are counted
 * together. Pure.
 */
export function guard({ recordedActive, listedActive, confirmed, deletions, settings }: GuardFacts): Hold {
  const missing = [...recordedActive].filter((id) => !listedActive.has(id) && !confirmed.has(id)).length;
  const share = (missing * 100) / Math.max(1, recordedActive.size);
  if (missing >= leastMissing && share > settings.shrinkPercent) {
    return {
      kind: 'everything',
      why: `${missing} of ${recordedActive.size} accounts are not active in the organization's listing any more, which is more than ${settings.shrinkPercent} %`,
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

/** Names exactly this set: any stack more or less, or one that departed anew, is another. Pure. */
export function digestOf(
  set: readonly (Pick<StackToOffboard, 'key' | 'what'> & { readonly since: Date })[],
): string {
  const lines = set.map(({ key, what, since }) => `${key} ${what} ${since.toISOString()}`).sort();
  return createHash('sha256').update(lines.join('\n')).digest('hex');
}

const counted = (count: number, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** The set in one sentence, for people. Pure. */
export function describeSet(set: readonly StackToOffboard[]): string {
  const part = (what: StackToOffboard['what'], deed: string) => {
    const stacks = set.filter((each) => each.what === what);
    const accounts = new Set(stacks.map(({ accountId }) => accountId)).size;
    return stacks.length === 0
      ? []
      : [`${deed} ${counted(stacks.length, 'stack')} in ${counted(accounts, 'account')}`];
  };
  return [
    ...part('destroy', 'destroy'),
    ...part('archive', 'archive the state of, without touching a resource,'),
  ].join('; ');
}
