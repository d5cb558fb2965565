import {
  effectiveMode,
  type Mode,
  modes,
  type Policy,
  type PolicyRule,
  policyDigest,
} from '../../lambda/policy/parse.ts';

/** The names of what an edit added, removed or changed. */
interface Names {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  readonly changed: readonly string[];
}

/** What an edit of the policy changes. `from` is null where there was no policy, or none that can be read. */
export interface PolicyChange {
  /** Digests of the policies' meaning, as `policy test` prints their beginning. */
  readonly from: string | null;
  readonly to: string;
  /** The effective mode of the installation: the strongest of any rule's. */
  readonly mode: { readonly from: Mode | null; readonly to: Mode };
  /** Rules whose effective mode is another. */
  readonly modes: readonly { readonly rule: string; readonly from: Mode; readonly to: Mode }[];
  readonly rules: Names & { readonly reordered: boolean };
  readonly exceptions: Names;
  /** Other keys at the top of the policy that changed. */
  readonly settings: readonly string[];
  /** In words, what lowers the effective mode; a person confirms an edit that has any. */
  readonly lowered: readonly string[];
}

interface Named {
  readonly name: string;
}

const text = (value: unknown) => JSON.stringify(value);
const isWeaker = (one: Mode, other: Mode) => modes.indexOf(one) < modes.indexOf(other);

function namesOf(before: readonly Named[], after: readonly Named[]): Names {
  const old = new Map(before.map((each) => [each.name, text(each)]));
  const now = new Map(after.map((each) => [each.name, text(each)]));
  return {
    added: [...now.keys()].filter((name) => !old.has(name)),
    removed: [...old.keys()].filter((name) => !now.has(name)),
    changed: [...now].filter(([name, is]) => old.has(name) && old.get(name) !== is).map(([name]) => name),
  };
}

/** Whether the rules that both policies have stand in another order. */
function isReordered(before: readonly Named[], after: readonly Named[]): boolean {
  const order = (list: readonly Named[], other: readonly Named[]) => {
    const names = new Set(other.map(({ name }) => name));
    return text(list.map(({ name }) => name).filter((name) => names.has(name)));
  };
  return order(before, after) !== order(after, before);
}

/** What each rule became: the one of the same name, else a new one with the same match and scope. */
function successors(before: Policy, after: Policy): Map<PolicyRule, PolicyRule> {
  const old = new Set(before.rules.map(({ name }) => name));
  const byName = new Map(after.rules.map((rule) => [rule.name, rule]));
  const isAbout = ({ match, scope }: PolicyRule) => text([match, scope]);
  const renamed = new Map(
    after.rules.filter(({ name }) => !old.has(name)).map((rule) => [isAbout(rule), rule] as const),
  );
  const found = before.rules.map(
    (rule) => [rule, byName.get(rule.name) ?? renamed.get(isAbout(rule))] as const,
  );
  return new Map(found.flatMap(([rule, now]) => (now ? [[rule, now] as const] : [])));
}

/** Rules that decide from now on before a rule that did more. Rules are read in order, so each takes matches from it. */
function inFront(before: Policy, after: Policy, became: ReadonlyMap<PolicyRule, PolicyRule>): string[] {
  const place = new Map(before.rules.map((rule, at) => [became.get(rule), at] as const));
  const strength = new Map(
    before.rules.map((rule) => [became.get(rule), effectiveMode(before, rule)] as const),
  );
  return after.rules.flatMap((rule, at) => {
    const mode = effectiveMode(after, rule);
    const was = place.get(rule) ?? Number.POSITIVE_INFINITY;
    const behind = after.rules.slice(at + 1).find((other) => {
      const did = strength.get(other);
      return did !== undefined && isWeaker(mode, did) && (place.get(other) ?? 0) < was;
    });
    if (!behind) return [];
    return [`rule ${rule.name} (${mode}) decides before rule ${behind.name} (${strength.get(behind)})`];
  });
}

const capOf = ({ mode }: Policy): Mode => mode ?? 'revoke';

/** What lowers the effective mode, in words: the cap, what sweeps do, a rule's mode, a rule that is removed or comes second. */
function loweredBy(before: Policy, after: Policy): string[] {
  const became = successors(before, after);
  const [was, is] = [capOf(before), capOf(after)];
  return [
    ...(isWeaker(is, was) ? [`the policy's mode from ${was} to ${is}`] : []),
    ...(before.sweepAction === 'remediate' && after.sweepAction !== 'remediate'
      ? ['sweepAction from remediate to report']
      : []),
    ...before.rules.flatMap((rule) => {
      const now = became.get(rule);
      const from = effectiveMode(before, rule);
      if (!now) return [`rule ${rule.name} (${from}) is removed`];
      const to = effectiveMode(after, now);
      return isWeaker(to, from) ? [`rule ${now.name} from ${from} to ${to}`] : [];
    }),
    ...inFront(before, after, became),
  ];
}

/** The effective mode of an installation: the strongest of any rule's. */
export const strongestMode = (policy: Policy): Mode =>
  policy.rules
    .map((rule) => effectiveMode(policy, rule))
    .reduce((one, other) => (isWeaker(one, other) ? other : one));

/** What becomes of a policy by an edit. Pure. */
export function changeOf(before: Policy | undefined, after: Policy): PolicyChange {
  const from = before ? policyDigest(before) : null;
  const old = new Map(before?.rules.map((rule) => [rule.name, rule]));
  const { rules, exceptions = [], ...others } = after;
  const keys = new Set(
    Object.keys({ ...before, ...others }).filter((key) => !['rules', 'exceptions'].includes(key)),
  );
  const valueIn = (policy: Policy | undefined, key: string) => text(policy?.[key as keyof Policy]);
  return {
    ...{
      from,
      to: policyDigest(after),
      mode: { from: before ? strongestMode(before) : null, to: strongestMode(after) },
    },
    modes: rules.flatMap((rule) => {
      const was = old.get(rule.name);
      if (!before || !was) return [];
      const [one, other] = [effectiveMode(before, was), effectiveMode(after, rule)];
      return one === other ? [] : [{ rule: rule.name, from: one, to: other }];
    }),
    rules: { ...namesOf(before?.rules ?? [], rules), reordered: isReordered(before?.rules ?? [], rules) },
    exceptions: namesOf(before?.exceptions ?? [], exceptions),
    settings: [...keys].filter((key) => valueIn(before, key) !== valueIn(after, key)),
    lowered: before ? loweredBy(before, after) : [],
  };
}
