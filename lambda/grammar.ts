import { createHash } from 'node:crypto';
import * as z from 'zod';

/** What a policy rule may do about a match, weakest first: the order is the cap's order. */
export const modes = ['observe', 'notify', 'revoke'] as const;

const port = z
  .int('a port is a whole number')
  .min(0, 'a port is 0 to 65535')
  .max(65535, 'a port is 0 to 65535');
const mode = z.enum(modes, 'write observe, notify or revoke');

function prefixLength(bits: number) {
  const mend = `write a prefix length from 1 to ${bits}; a shorter one counts as wider`;
  return z.int(mend).min(1, mend).max(bits, mend);
}

/** A mapping that refuses a key it does not know and names the ones it does. */
function mapping<Shape extends z.core.$ZodShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => {
      if (issue.code === 'unrecognized_keys') return `use one of: ${Object.keys(shape).join(', ')}`;
      return `write a mapping with: ${Object.keys(shape).join(', ')}`;
    },
  });
}

const publicSources = mapping({ ipv4WiderThan: prefixLength(32), ipv6WiderThan: prefixLength(128) });

const rule = mapping({
  name: z
    .string('give the rule a name')
    .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use 1 to 63 lower-case letters, digits and hyphens'),
  match: mapping({
    sources: mapping({ public: publicSources }),
    ports: mapping({ except: z.array(port, 'write a list of ports, such as [80, 443]') }),
  }),
  mode,
  severity: z.enum(['low', 'medium', 'high', 'critical'], 'write low, medium, high or critical').optional(),
  message: z
    .string('write the message as text')
    .min(1, 'write a message, or leave the key out')
    .max(500, 'use at most 500 characters')
    .optional(),
});

/** The grammar of `policy.yaml`. Parsing puts keys into the grammar's order, so equal policies read alike. */
export const policySchema = mapping({
  version: z.literal(1, 'write version: 1'),
  mode: mode.optional(),
  rules: z
    .array(rule, 'write a list of rules')
    .min(1, 'write at least one rule; without any, nothing is ever judged'),
}).check((context) => {
  const names = new Set<string>();
  for (const [index, { name }] of context.value.rules.entries()) {
    if (names.has(name)) {
      context.issues.push({
        code: 'custom',
        input: name,
        path: ['rules', index, 'name'],
        message: `another rule is already named ${name}; findings are told apart by it`,
      });
    }
    names.add(name);
  }
});

export type Mode = (typeof modes)[number];
export type Policy = z.infer<typeof policySchema>;
export type PolicyRule = Policy['rules'][number];

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
