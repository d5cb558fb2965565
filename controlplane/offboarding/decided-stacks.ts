import type { CoveredScope } from '../organization/fleet-scope.ts';
import { regionKey } from '../stacks/key.ts';
import type { AccountRecord } from '../store/accounts.ts';
import type { RecordedStack } from '../store/offboarding.ts';
import type { OffboardingSettings } from './context.ts';
import { type Decision, decideAccount, decideRegion } from './decide.ts';

export interface DecidedStack {
  readonly stack: RecordedStack;
  readonly decision: Decision;
}

export interface DecideSettings extends Pick<CoveredScope, 'organizationalUnits' | 'exclude' | 'regions'> {
  readonly layout: OffboardingSettings['layout'];
  /** Scopes of earlier settings. */
  readonly before: readonly CoveredScope[];
}

/** The decision for every recorded stack, by the listing and the settings alone. Pure. */
export function decideStacks(
  accounts: ReadonlyMap<string, AccountRecord>,
  stacks: readonly RecordedStack[],
  settings: DecideSettings,
): DecidedStack[] {
  return stacks.map((stack) => {
    const account = accounts.get(stack.accountId);
    if (!account) return { stack, decision: { kind: 'unknown', because: 'the account was never listed' } };
    const whole = decideAccount(account, settings, settings.before);
    const isRegion = stack.kind === 'region' && stack.region !== null;
    const decision = isRegion
      ? decideRegion(
          stack.region,
          whole,
          settings.layout === 'region' ? settings.regions : undefined,
          undefined,
        )
      : whole;
    return { stack, decision };
  });
}

/**
 * In `layout: account`: the decision for each Region inside a covered account's stack that the settings do not name.
 * These Regions also wait for a confirmation. Pure.
 */
export function decideCells(
  accounts: ReadonlyMap<string, AccountRecord>,
  decided: readonly DecidedStack[],
  { layout, regions }: DecideSettings,
): DecidedStack[] {
  if (layout === 'region') return [];
  const known = new Set(decided.map(({ stack }) => stack.key));
  return decided
    .filter(({ stack, decision }) => stack.kind === 'account' && decision.kind === 'wanted')
    .flatMap(({ stack: { accountId } }) =>
      (accounts.get(accountId)?.regions ?? []).map(({ region }) => {
        const key = regionKey(accountId, region);
        const stack = {
          key,
          kind: 'region',
          accountId,
          region,
          failures: 0,
          failedGeneration: null,
        } as const;
        return { stack, decision: decideRegion(region, { kind: 'wanted' }, regions, undefined) };
      }),
    )
    .filter(({ stack, decision }) => decision.kind === 'destroy' && !known.has(stack.key));
}
