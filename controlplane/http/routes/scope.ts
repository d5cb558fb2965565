import { z } from 'zod';
import { type Scope, scopeSchema } from '../../stacks/scope.ts';

const parts = ['accounts', 'organizationalUnits', 'regions'] as const;

/** The fields by which a request names what it is about. The whole organization has to be named. */
export const askedScope = scopeSchema.extend({
  scope: z
    .literal('organization', 'write "organization", or leave it out')
    .optional()
    .describe('The whole organization; instead of accounts, organizationalUnits and regions'),
});

type Asked = z.infer<typeof askedScope> & { readonly preview?: boolean };

/** Refuses an act without a scope; a preview changes nothing, so without a scope it is about everything. */
export const withScope = <S extends z.ZodType<Asked>>(schema: S): S =>
  schema
    .check(({ value, issues }) => {
      const named = parts.filter((part) => value[part]);
      const refuse = (message: string) =>
        void issues.push({ code: 'custom', input: value, path: ['scope'], message });
      if (value.scope && named.length > 0)
        refuse(`"organization" is everything; leave out ${named.join(', ')}, or leave out scope`);
      if (!value.scope && named.length === 0 && !value.preview)
        refuse(`name ${parts.join(', ')}, or write "scope": "organization" for the whole organization`);
    })
    .meta({
      allOf: parts.map((part) => ({ not: { required: ['scope', part] } })),
      anyOf: [
        ...['scope', ...parts].map((name) => ({ required: [name] })),
        ...('preview' in (schema as unknown as z.ZodObject).shape
          ? [{ required: ['preview'], properties: { preview: { const: true } } }]
          : []),
      ],
    }) as S;

/** The parts that a request names; none of them is the whole organization. */
export const scopeOf = (asked: Asked): Scope =>
  Object.fromEntries(parts.flatMap((part) => (asked[part] ? [[part, asked[part]]] : [])));
