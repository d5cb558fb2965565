import { z } from 'zod';

/** What a reader of JSON finds of a value: times are ISO 8601 text. */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Key in keyof T]: Json<T[Key]> }
      : T;

export const time = z.iso.datetime({ offset: true });
export const timeOrNull = time.nullable();
export const textOrNull = z.string().nullable();
export const account = z.string().describe('The id of an account');

/** A text that the service chooses from a list that grows: readers must bear a new one. */
export const word = <Word extends string>() => z.string() as unknown as z.ZodType<Word>;
