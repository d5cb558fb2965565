import { existsSync, readFileSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { npmFiles, npmOption } from '../../settings/environment.ts';
import { PortcullisError } from '../../settings/errors.ts';

const isOf = (option: Option, arg: string) => arg === option.long || arg.startsWith(`${option.long}=`);

const quoted = (word: string) =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

/**
 * Refuses a command line whose options npm read as its own: `npm run portcullis reconcile --account=…` would be about the
 * whole organization. `--yes` is an option of npm and npx too, and without it the command asks.
 * @throws `invalid-request` with the command line to write
 */
export function refuseOptionsOfNpm(command: Command, args: readonly string[]): void {
  const lost = command.options.flatMap((option) => {
    const given = args.some((arg) => isOf(option, arg)) || ['yes', 'version'].includes(option.name());
    const value = given ? undefined : npmOption(option.name());
    return value === undefined ? [] : [{ option, value }];
  });
  const configured = lost.length > 0 ? npmConfiguration() : '';
  const taken = lost.filter(({ option, value }) => !isSet(configured, option.name(), value));
  if (taken.length === 0) return;
  // For an option whose value is a separate word, npm has true, and passes the value on as an argument.
  const apart = taken.filter(({ option, value }) => option.required && value === 'true').length;
  const split = args.length - apart;
  const [kept, loose] = [args.slice(0, split), args.slice(split)];
  const words = taken.flatMap(({ option, value }) => {
    const flag = option.long ?? option.flags;
    if (!option.required) return [flag];
    const values = value === 'true' ? [loose.shift() ?? `<${option.name()}>`] : value.split('\n\n');
    return values.flatMap((each) => [flag, each]);
  });
  const flags = taken.map(({ option }) => option.long).join(', ');
  throw new PortcullisError(
    'invalid-request',
    `npm took ${flags} for itself, so nothing was done. Write: npx portcullis ${[...kept, ...words].map(quoted).join(' ')}`,
  );
}

/** npm passes its options and its configuration on in the same way. Only the files show which one it is. */
const npmConfiguration = (): string =>
  npmFiles()
    .filter((file) => existsSync(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join('\n');

/**
 * Whether a configuration sets an option to this value: `json=true`, `json[]=x`, or `json` alone. Another value is from
 * the command line. Source: npm docs, "npmrc".
 */
function isSet(configuration: string, name: string, value: string): boolean {
  const lines = configuration.matchAll(
    new RegExp(`^\\s*${name}\\s*(?:\\[\\])?\\s*(?:=([^;#\\r\\n]*).*)?$`, 'gm'),
  );
  const values = [...lines].map(([, text = 'true']) => text.trim().replace(/^(["'])(.*)\1$/, '$2'));
  return [values.join('\n\n'), ...values].includes(value);
}
