import { describe, expect, test } from 'vitest';
import {
  consideredBy,
  hasMoreRegions,
  keptSentence,
  noted,
  type ScopeRecord,
  scopeOf,
  termsOf,
} from '../../../../controlplane/offboarding/scope.ts';

const settings = (change: Partial<Parameters<typeof scopeOf>[0]> = {}) => ({
  ...{ regions: undefined, organizationalUnits: undefined, exclude: [] },
  ...change,
});
const wide = settings({ regions: ['us-east-1', 'eu-west-1'] });
const narrow = settings({ regions: ['us-east-1'] });
const fine = { wrong: undefined, hasStacks: true };
const confirmed = consideredBy(undefined, scopeOf(wide), false);

describe('the recorded scopes', () => {
  test('are equal in any order of Regions', () => {
    const reordered = scopeOf(settings({ regions: ['eu-west-1', 'us-east-1', 'eu-west-1'] }));
    expect(reordered).toEqual(scopeOf(wide));
  });

  test('are all scopes since the confirmed one, each once', () => {
    const twice = noted(noted(confirmed, scopeOf(narrow), fine), scopeOf(narrow), fine);
    expect(twice.others).toEqual([scopeOf(narrow)]);
    expect(noted(confirmed, scopeOf(wide), fine).others).toEqual([]);
  });

  test('cover everything when an older release recorded none', () => {
    const record = noted(undefined, scopeOf(narrow), fine);
    expect(termsOf(record, narrow).before[0]).toEqual(scopeOf(settings()));
    expect(noted(undefined, scopeOf(narrow), { ...fine, hasStacks: false }).others).toEqual([
      scopeOf(narrow),
    ]);
  });

  test('are confirmed once no stack is left out', () => {
    const waiting = consideredBy(noted(confirmed, scopeOf(narrow), fine), scopeOf(narrow), true);
    expect(waiting).toMatchObject({ confirmed: scopeOf(wide), considered: scopeOf(narrow) });
    expect(consideredBy(waiting, scopeOf(narrow), false)).toEqual({
      ...{ confirmed: scopeOf(narrow), others: [], considered: scopeOf(narrow), wrong: null },
    });
  });
});

describe('settings that name something that does not exist', () => {
  const wrong = 'PORTCULLIS_EXCLUDE names ou-root-typo';
  const broken = settings({ exclude: ['ou-root-typo'] });

  test('are not applied: the last confirmed scope is', () => {
    const record = noted(confirmed, scopeOf(broken), { wrong, hasStacks: true });
    const terms = termsOf(record, broken);
    expect(terms).toMatchObject({ scope: scopeOf(wide), wrong });
    expect(keptSentence(terms)).toContain('the last confirmed scope is kept (Regions eu-west-1, us-east-1;');
  });

  test('leave no scope where none was ever confirmed', () => {
    const record = noted(undefined, scopeOf(broken), { wrong, hasStacks: false });
    expect(termsOf(record, broken).scope).toBeUndefined();
  });

  test('are cleared after the correction', () => {
    const record: ScopeRecord = { ...confirmed, wrong };
    expect(termsOf(noted(record, scopeOf(wide), fine), wide)).toMatchObject({
      ...{ scope: scopeOf(wide), wrong: undefined },
    });
  });
});

test.each([
  [narrow, wide, true],
  [narrow, settings(), true],
  [wide, narrow, false],
  [settings(), wide, false],
  [wide, wide, false],
])('from %j to %j has more Regions: %s', (before, after, expected) => {
  expect(hasMoreRegions(scopeOf(before), scopeOf(after))).toBe(expected);
});
