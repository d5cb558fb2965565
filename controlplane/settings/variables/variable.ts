import { z } from 'zod';

/** What docs/settings.md says about a variable, and what a message about it may show. */
interface About {
  /** What the variable does, as a sentence for the reference page; Markdown. */
  readonly meaning: string;
  /** A value that the schema accepts. */
  readonly example: string;
  /** A secret value, or one that may hold a secret: no message and no page shows it. */
  readonly secret?: true;
  /** The default in words, where the schema does not hold it. */
  readonly byDefault?: string;
}

const descriptions = z.registry<About>();
const types = z.registry<{ readonly type: string }>();

/** A schema with the name of its type for the reference page. Pure but for the registry. */
export const named = <Schema extends z.ZodType>(type: string, schema: Schema): Schema => {
  types.add(schema, { type });
  return schema;
};

/** A variable of the environment: its schema and its description. */
export const variable = <Schema extends z.ZodType>(schema: Schema, about: About): Schema => {
  descriptions.add(schema, about);
  return schema;
};

/** The description of a variable. @throws where it was declared without `variable`. */
export function aboutOf(schema: z.ZodType): About {
  const about = descriptions.get(schema);
  if (!about) throw new Error('a variable of the environment has no description');
  return about;
}

/** The schema below `optional` and `default`. */
function formOf(schema: z.ZodType): z.ZodType {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodDefault
    ? formOf(schema.unwrap() as z.ZodType)
    : schema;
}

/** The type of a variable in words. Pure. */
export function typeOf(schema: z.ZodType): string {
  const form = formOf(schema);
  if (form instanceof z.ZodEnum) return form.options.map((option) => `\`${option}\``).join(' or ');
  return types.get(form)?.type ?? 'text';
}

/** What holds where the variable is not set, in words. Pure. */
export function defaultOf(schema: z.ZodType): string {
  const { byDefault } = aboutOf(schema);
  if (byDefault !== undefined) return byDefault;
  if (!schema.safeParse(undefined).success) return 'required';
  const value = schema.parse(undefined);
  return value === undefined || (Array.isArray(value) && value.length === 0)
    ? 'none'
    : `\`${String(value)}\``;
}
