import { PortcullisError } from '../../settings/errors.ts';
import { exits, type Terminal } from '../output/terminal.ts';
import { policyCommand } from '../policy/command.ts';

type Values = Readonly<Record<string, string | boolean | readonly string[]>>;

/** The options as the policy commands read them. */
const wordsOf = (values: Values): string[] =>
  Object.entries(values).flatMap(([name, value]) => {
    const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    return value === true ? [flag] : [value].flat().map((each) => `${flag}=${each}`);
  });

/** A policy command. @throws PortcullisError with its complaint */
export const policy =
  (name: string) =>
  async ({ screen }: Terminal, values: Values, ...operands: string[]): Promise<number> => {
    let complaint = '';
    const exit = await policyCommand([name, ...wordsOf(values), ...operands], screen, (text) => {
      complaint += text;
    });
    if (complaint === '') return exit;
    const code = exit === exits.usage ? 'invalid-request' : 'internal';
    throw new PortcullisError(code, complaint.replace(/^portcullis: /, ''));
  };
