import { createHash } from 'node:crypto';
import * as z from 'zod';
import { type Exception, exceptionSchema, nameSchema, tagKeys } from './exception.ts';
import { mapping, someOf, text } from './mapping.ts';
import { accountIds, cidrSchema, matchSchema } from './match.ts';
import { narrowMistake } from './narrow.ts';
import { scopeSchema } from './scope.ts';

/** What a policy rule may do about a match, the weakest first. The cap uses this order. */
export const modes = ['observe', 'notify', 'revoke'] as const;

const mode = z.enum(modes, 'write observe, notify or revoke');

const whole = (most: number) => {
  const fix = `write a whole number from 1 to ${most}`;
  return z.int(fix).min(1, fix).max(most, fix);
};

const times = whole(1_000);
const withinMinutes = whole(1_440);
const alwaysRevoke = z.literal(
  'revoke',
  'write revoke, or leave the key out: escalated ingress is closed again by the schedule; to leave it open write leaveOpen: true in the escalation of a rule',
);

/** How often the same ingress is closed again before people are notified. */
const escalation = mapping({ times, withinMinutes, mode: alwaysRevoke.optional() });

/** Replaces the policy's own values for one rule. */
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

/** The schema of `policy.yaml`. Parsing puts the keys into the schema's order, so equal policies have equal text. */
export const policySchema = mapping({
  version: z.literal(1, 'write version: 1'),
  mode: mode.optional(),
  rules: z
    .array(rule, 'write a list of rules')
    .min(1, 'write at least one rule; without any, nothing is evaluated'),
  exceptions: z.array(exceptionSchema, 'write a list of exceptions').optional(),
  exceptionTag: text('the key of the tag by which groups ask for an exception', 128).optional(),
  escalation: escalation.optional(),
  sweepAction: z.enum(['report', 'remediate'], 'write report or remediate').optional(),
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
      `another rule is already named ${rules[index]?.name}; findings are identified by it`,
    );
  for (const index of repeated(exceptions))
    add(['exceptions', index, 'name'], `another exception is already named ${exceptions[index]?.name}`);
  for (const [index, exception] of exceptions.entries()) {
    for (const { key, path } of tagKeys(exception))
      if (key !== exceptionTag) add(['exceptions', index, ...path], tagRefusal(exceptionTag));
  }
});

/** The positions of items whose name an earlier item has. */
function repeated(list: readonly { name: string }[]): number[] {
  const first = new Map<string, number>();
  for (const [index, { name }] of list.entries()) if (!first.has(name)) first.set(name, index);
  return list.flatMap(({ name }, index) => (first.get(name) === index ? [] : [index]));
}

function tagRefusal(exceptionTag: string | undefined): string {
  const fix =
    exceptionTag === undefined ? 'write that key as exceptionTag at the top' : `only ${exceptionTag} may`;
  return `anyone who may tag a group could except it with this tag; ${fix}`;
}

export type Mode = (typeof modes)[number];
export type Policy = z.infer<typeof policySchema>;
export type PolicyRule = Policy['rules'][number];
export type PolicyException = Exception;

/** The values for a policy that sets none. */
const defaultEscalation: NonNullable<Policy['escalation']> = { times: 5, withinMinutes: 60 };
const defaultOwnerTags = ['Owner', 'owner', 'Team', 'team', 'Contact', 'contact'];

/**
 * How often, within which time, forbidden ingress is closed before it is escalated. After that the schedule closes it,
 * unless the rule leaves it open. With `alwaysRevoke` it is closed at once each time and never escalated.
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

/** The group tag keys that name the owner; the first that the group has counts. */
export function ownerTagsOf({ ownerTags }: Policy): readonly string[] {
  return ownerTags ?? defaultOwnerTags;
}

/** The mode of a rule: its own, or the policy's cap when that is weaker. */
export function effectiveMode(policy: Policy, rule: PolicyRule): Mode {
  const cap = policy.mode ?? 'revoke';
  return modes.indexOf(rule.mode) <= modes.indexOf(cap) ? rule.mode : cap;
}

/** The SHA-256 of a policy's meaning, in hex. Comments, key order and layout do not change it. */
export function policyDigest(policy: Policy): string {
  return createHash('sha256')
    .update(JSON.stringify(policySchema.parse(policy)))
    .digest('hex');
}
