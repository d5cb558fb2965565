import * as z from 'zod';
import { mapping, someOf, text } from './mapping.ts';

const globs = someOf(text('a name or a pattern such as "web-*"', 256), 'write a list of names or patterns');
const tags = z
  .record(z.string(), globs, 'write a mapping of tag keys to lists of values, such as { team: [web] }')
  .refine((map) => Object.keys(map).length > 0, 'name a tag, or leave the key out');

const selectorShape = {
  organizationalUnits: someOf(text('an organizational unit', 128), 'write a list of ids or names').optional(),
  accounts: someOf(
    z.string('write an account id in quotes').regex(/^\d{12}$/, 'an account id has 12 digits'),
    'write a list of account ids',
  ).optional(),
  regions: someOf(
    z.string('write a Region').regex(/^[a-z]{2,5}(-[a-z]+)+-\d+$/, 'a Region is such as eu-west-1'),
    'write a list of Regions',
  ).optional(),
  accountTags: tags.optional(),
  vpcs: someOf(
    z.string('write a VPC id').regex(/^vpc-[0-9a-zA-Z]+$/, 'a VPC id is such as vpc-0123abcd'),
    'write a list of VPC ids',
  ).optional(),
  groupNames: globs.optional(),
  groupTags: tags.optional(),
};

const groupIds = someOf(
  z.string('write a group id').regex(/^sg-[0-9a-zA-Z]+$/, 'a group id is such as sg-0123abcd'),
  'write a list of group ids',
).optional();

function scopeOf<Shape extends z.core.$ZodShape>(shape: Shape) {
  const selector = mapping(shape).refine((keys) => Object.keys(keys).length > 0, 'name what it selects');
  const list = someOf(selector, 'write a list of selectors, such as [{ regions: [eu-west-1] }]').optional();
  return mapping({ include: list, exclude: list });
}

/**
 * The groups that a rule applies to: those that any selector of `include` selects (without it, all) and none of
 * `exclude`. A selector needs a match for each of its keys; a key needs a match for one of its values.
 */
export const scopeSchema = scopeOf(selectorShape);

/** Where an exception applies. It is required, and can name single groups. */
export const whereSchema = scopeOf({ ...selectorShape, groupIds }).refine(
  ({ include }) => include !== undefined,
  'write include: where the exception counts',
);

export type Scope = z.infer<typeof whereSchema>;
export type Selector = NonNullable<Scope['include']>[number];
