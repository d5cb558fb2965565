import * as z from 'zod';
import { mapping, oneOrMore, text } from './mapping.ts';
import { type Allow, allowSchema } from './match.ts';
import { whereSchema } from './scope.ts';

export const nameSchema = z
  .string('give it a name')
  .regex(/^[a-z0-9][a-z0-9-]{0,62}$/, 'use 1 to 63 lower-case letters, digits and hyphens');

/** An exception: ingress that the policy forbids but allows for an owner, in a place, until a date. */
export const exceptionSchema = mapping({
  name: nameSchema,
  owner: text('who answers for it'),
  why: text('why it is needed'),
  ticket: text('the ticket that approved it'),
  where: whereSchema,
  allow: oneOrMore(allowSchema, 'write a mapping of what is allowed, or a list of at least one'),
  expires: z.iso
    .datetime({ offset: true, error: 'write a date and time such as 2027-01-31T00:00:00Z' })
    .optional(),
  permanent: z.literal(true, 'write true, or leave the key out').optional(),
}).check((context) => {
  const { expires, permanent } = context.value;
  if ((expires === undefined) === (permanent === undefined))
    context.issues.push({
      code: 'custom',
      input: context.value,
      path: ['expires'],
      message: 'write when it expires, or permanent: true, and not both',
    });
});

export type Exception = z.infer<typeof exceptionSchema>;

export const allowsOf = ({ allow }: Pick<Exception, 'allow'>): readonly Allow[] =>
  Array.isArray(allow) ? allow : [allow];

/** The group tag keys that an exception reads, with their paths. */
export function tagKeys({ where }: Exception): { key: string; path: PropertyKey[] }[] {
  return (['include', 'exclude'] as const).flatMap((side) =>
    (where[side] ?? []).flatMap((selector, index) =>
      Object.keys(selector.groupTags ?? {}).map((key) => ({
        key,
        path: ['where', side, index, 'groupTags', key],
      })),
    ),
  );
}
