import { z } from 'zod';

/** A value as it is in JSON: times are ISO 8601 text. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

/** A schema that has a field for each field of a type, also for the optional ones. */
export type SchemaOf<T> = z.ZodType<Json<T>> & { readonly shape: Readonly<Record<keyof T, z.ZodType>> };

export const time = z.iso.datetime({ offset: true });
export const timeOrNull = time.nullable();
export const textOrNull = z.string().nullable();
export const account = z.string().describe('The id of an account');

/** A text that the service chooses from a list that grows: readers must accept new ones. */
export const word = <Word extends string>() => z.string() as unknown as z.ZodType<Word>;
