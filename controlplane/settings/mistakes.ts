import type { z } from 'zod';
import { PortcullisError } from './errors.ts';
import { redact } from './redact.ts';
import { closestName } from './regions.ts';
import { aboutOf } from './variables/variable.ts';

type Shape = Readonly<Record<string, z.ZodType>>;
type Given = Readonly<Record<string, string>>;

const prefix = 'PORTCULLIS_';
const longestShown = 80;
const withoutSecrets = redact();

/** A value as a message shows it: on one line, cut, and without what has the form of a secret. */
function shown(value: string): string {
  const text = String(withoutSecrets(value));
  return JSON.stringify(text.length > longestShown ? `${text.slice(0, longestShown)}…` : text);
}

/** The parts of a variable that are wrong: the items of a list that issues name, else the whole value. */
function wrongParts(value: string, issues: readonly z.core.$ZodIssue[]): string[] {
  const items = value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean);
  const parts = issues.map(({ path: [, index] }) => (typeof index === 'number' ? items[index] : undefined));
  return [...new Set(parts.map((part) => part ?? value))];
}

function mistakeOf(
  name: string,
  schema: z.ZodType,
  value: string | undefined,
  issues: readonly z.core.$ZodIssue[],
) {
  const { secret, example } = aboutOf(schema);
  if (value === undefined) return `${name} is missing; set it to a value such as ${example}`;
  const what = [...new Set(issues.map(({ message }) => message))].join(', ');
  const read = secret
    ? 'its value is not shown, because it may be secret'
    : `the value is ${wrongParts(value, issues).map(shown).join(', ')}`;
  return `${name} ${what}; ${read}`;
}

/** What is wrong with the values, one sentence for each variable. Pure. */
export function wrongValues(shape: Shape, given: Given, error: z.ZodError): string[] {
  const byName = Map.groupBy(error.issues, ({ path }) => String(path[0]));
  return [...byName].flatMap(([name, issues]) => {
    const schema = shape[name];
    return schema ? [mistakeOf(name, schema, given[name], issues)] : [];
  });
}

/** The known variable that was probably meant: PORTCULLIS_LOG_LEVEL is LOG_LEVEL, PORTCULLIS_POLCY is PORTCULLIS_POLICY. */
function meant(name: string, known: readonly string[]): string | undefined {
  const short = (text: string) => text.replace(prefix, '').toLowerCase();
  const closest = closestName(
    short(name),
    known.map((each) => short(each)),
  );
  return known.find((each) => short(each) === closest);
}

/** Settings that have another name now. */
const renamed: Readonly<Record<string, string>> = {
  PORTCULLIS_SWEEP_MINUTES: 'is PORTCULLIS_RESYNC_MINUTES now; rename it',
};

/** The variables with our prefix that the schema does not name, one sentence for each. Pure. */
export function unknownVariables(known: readonly string[], given: Given): string[] {
  return Object.keys(given)
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .map((name) => {
      if (renamed[name]) return `${name} ${renamed[name]}`;
      const suggestion = meant(name, known);
      return `${name} is not a setting; ${suggestion ? `did you mean ${suggestion}?` : 'remove it'}`;
    });
}

/** One error for all mistakes. Pure. */
export function mistakesError(mistakes: readonly string[]): PortcullisError {
  const [only = '', ...more] = mistakes;
  const lines = mistakes.map((each) => `  ${each}`).join('\n');
  return new PortcullisError(
    'invalid-environment',
    more.length === 0
      ? `${only} (docs/settings.md)`
      : `${mistakes.length} settings are wrong (docs/settings.md):\n${lines}`,
  );
}
