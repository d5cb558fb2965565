import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Exception, exceptionSchema, nameSchema, tagKeys } from './exception.ts';
import { mapping, someOf, text } from './mapping.ts';
import { accountIds, cidrSchema, matchSchema } from './match.ts';
import { narrowMistake } from './narrow.ts';
import { scopeSchema } from './scope.ts';

/** What a policy rule may do about a match, weakest first: the order is the cap's order. */
export const modes = ['observe', 'notify', 'revoke'] as const;

const mode = z.enum(modes, 'write observe, notify or revoke');

const whole = (most: number) => {
  const mend = `write a whole number from 1 to ${most}`;
  return z.int(mend).min(1, mend).max(most, mend);
};

const times = whole(1_000);
const withinMinutes = whole(1_440);
const alwaysRevoke = z.literal(
  'revoke',
  'write revoke, or leave the key out: escalated ingress is closed again by the schedule; to leave it open write leaveOpen: true in the escalation of a rule',
);

/** From when on the same ingress, closed again and again, is a matter for people. */
const escalation = mapping({ times, withinMinutes, mode: alwaysRevoke.optional() });

/** What holds for a rule in place of the policy's own. */
const ruleEscalation = mapping({
  times: times.optional(),
  withinMinutes: withinMinutes.optional(),
  mode: alwaysRevoke.optional(),
  leaveOpen: z.boolean('write true or false').optional(),
}).check((context) => {
  const { mode, leaveOpen } = context.value;
  if (mode === undefined || !leaveOpen) return;
  const message = 'mode: revoke closes it at once and each time; write one of the two';
  context.issues.push({ code: 'custom', input: context.value, path: ['leaveOpen'], message });
});

const rule = mapping({
  name: nameSchema,
  match: matchSchema,
  mode,
  severity: z.enum(['low', 'medium', 'high', 'critical'], 'write low, medium, high or critical').optional(),
  message: text('the message').optional(),
  scope: scopeSchema.optional(),
  narrowTo: someOf(cidrSchema, 'write a list of address ranges, such as [203.0.113.0/24]').optional(),
  escalation: ruleEscalation.optional(),
}).check((context) => {
  const message = narrowMistake(context.value);
  if (message) context.issues.push({ code: 'custom', input: context.value, path: ['narrowTo'], message });
});

/** The grammar of `policy.yaml`. Parsing puts keys into the grammar's order, so equal policies read alike. */
export const policySchema = mapping({
  version: z.literal(1, 'write version: 1'),
  mode: mode.optional(),
  rules: z
    .array(rule, 'write a list of rules')
    .min(1, 'write at least one rule; without any, nothing is ever judged'),
  exceptions: z.array(exceptionSchema, 'write a list of exceptions').optional(),
  exceptionTag: text('the key of the tag by which groups ask for an exception', 128).optional(),
  escalation: escalation.optional(),
  ownerTags: someOf(text('the key of a tag', 128), 'write a list of tag keys').optional(),
  trustAwsPrefixLists: z.boolean('write true or false').optional(),
  trustPrefixListOwners: accountIds.optional(),
}).check((context) => {
  const { rules, exceptions = [], exceptionTag } = context.value;
  const add = (path: PropertyKey[], message: string) =>
    context.issues.push({ code: 'custom', input: context.value, path, message });
  for (const index of repeated(rules))
    add(
      ['rules', index, 'name'],
      `another rule is already named ${rules[index]?.name}; findings are told apart by it`,
    );
  for (const index of repeated(exceptions))
    add(['exceptions', index, 'name'], `another exception is already named ${exceptions[index]?.name}`);
  for (const [index, exception] of exceptions.entries()) {
    for (const { key, path } of tagKeys(exception))
      if (key !== exceptionTag) add(['exceptions', index, ...path], tagRefusal(exceptionTag));
  }
});

/** The places of those whose name an earlier one has. */
function repeated(list: readonly { name: string }[]): number[] {
  const first = new Map<string, number>();
  for (const [index, { name }] of list.entries()) if (!first.has(name)) first.set(name, index);
  return list.flatMap(({ name }, index) => (first.get(name) === index ? [] : [index]));
}

function tagRefusal(exceptionTag: string | undefined): string {
  const mend =
    exceptionTag === undefined ? 'write that key as exceptionTag at the top' : `only ${exceptionTag} may`;
  return `whoever may tag a group could except it by this tag; ${mend}`;
}

export type Mode = (typeof modes)[number];
export type Policy = z.infer<typeof policySchema>;
export type PolicyRule = Policy['rules'][number];
export type PolicyException = Exception;

/** What holds where a policy says nothing of it. */
const defaultEscalation: NonNullable<Policy['escalation']> = { times: 5, withinMinutes: 60 };
const defaultOwnerTags = ['Owner', 'owner', 'Team', 'team', 'Contact', 'contact'];

/**
 * How often ingress that a rule forbids is closed within which time before it is escalated. Then the schedule closes
 * it, unless it is left open; with `alwaysRevoke` it is closed at once each time, and never escalated.
 */
export function escalationLimit({ escalation: own = defaultEscalation }: Policy, rule: PolicyRule) {
  const { leaveOpen = false, ...given } = rule.escalation ?? {};
  return {
    times: given.times ?? own.times,
    withinMinutes: given.withinMinutes ?? own.withinMinutes,
    alwaysRevoke: !leaveOpen && (given.mode ?? own.mode) === 'revoke',
    leaveOpen,
  };
}

/** The keys of the group tags that say who answers for a group, the first that is there counts. */
export function ownerTagsOf({ ownerTags }: Policy): readonly string[] {
  return ownerTags ?? defaultOwnerTags;
}

/** The mode a rule acts in: its own, or the policy's cap where that is weaker. */
export function effectiveMode(policy: Policy, rule: PolicyRule): Mode {
  const cap = policy.mode ?? 'revoke';
  return modes.indexOf(rule.mode) <= modes.indexOf(cap) ? rule.mode : cap;
}

/** The SHA-256 of a policy's meaning, in hex: comments, key order and layout of the file do not change it. */
export function policyDigest(policy: Policy): string {
  return createHash('sha256')
    .update(JSON.stringify(policySchema.parse(policy)))
    .digest('hex');
}
