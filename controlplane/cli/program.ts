import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import type { Definitions, OptionLine } from './definition.ts';
import { commandGroups } from './definitions.ts';
import type { Terminal } from './output/terminal.ts';
import { policyDefinitions } from './policy-definitions.ts';

const exitCodes = `
Exit codes:
  0    success
  1    failed
  2    wrong use, or wrong environment
  3    preview: something would change; status, verify, doctor: something is unhealthy;
       policy test, sweep: something is forbidden or in doubt; policy diff: something differs
  4    sweep: not every cell could be checked, also where others have findings
  130  interrupted by Ctrl-C

With --json, standard output is one JSON value, and an error is {"error": {"code", "message"}} on standard error.`;

const collect = (value: string, before: readonly string[] = []) => [...before, value];

function optionOf([flags, description]: OptionLine): Option {
  const option = new Option(flags.replace('...', ''), description);
  return flags.includes('...') ? option.argParser(collect) : option;
}

/** The commands of the command line. Parsing runs the named one and passes its exit code to `onExit`. */
export function program(terminal: Terminal, onExit: (code: number) => void): Command {
  const { screen, complain } = terminal;
  const { description, version } = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
  ) as { description: string; version: string };
  const root = new Command('portcullis')
    .description(description)
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .addHelpText('after', exitCodes)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => screen.write(text),
      writeErr: (text) => complain(text.trimEnd()),
      // The top-level handler reports errors, as JSON with --json.
      outputError: () => undefined,
      getOutHelpWidth: () => screen.columns ?? 110,
      getErrHelpWidth: () => screen.columns ?? 110,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  const add = (parent: Command, group: string, definitions: Definitions) => {
    for (const [name, { summary, operands, options, load }] of Object.entries(definitions)) {
      const command = parent
        .command(operands ? `${name} ${operands}` : name)
        .helpGroup(`${group}:`)
        .description(summary)
        .action(async (...given: unknown[]) => {
          const [values, operandsGiven] = [given.at(-2), given.slice(0, -2) as string[]];
          onExit(await (await load())(terminal, values as never, ...operandsGiven));
        });
      for (const option of options) command.addOption(optionOf(option));
    }
  };
  for (const [group, definitions] of Object.entries(commandGroups)) add(root, group, definitions);
  const policy = root
    .command('policy')
    .helpGroup('Policy:')
    .description('try a policy: what it does, why, and what a change of it changes')
    .helpCommand(false);
  add(policy, 'Commands', policyDefinitions);
  return root;
}
