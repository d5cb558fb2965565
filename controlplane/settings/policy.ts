import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { type Policy, parsePolicy } from '../../lambda/policy/parse.ts';
import type { Settings } from './environment.ts';
import { PortcullisError } from './errors.ts';

type PolicySettings = Pick<Settings, 'policyFile' | 'narrowing'>;

/**
 * The policy file as it is now.
 * @throws PortcullisError `invalid-policy`, naming line, field and mend, or the setting that a rule needs.
 */
export async function readPolicyFile({ policyFile, narrowing }: PolicySettings): Promise<Policy> {
  const refuse = (text: string, cause?: unknown) => {
    const [first = '', ...mistakes] = text.split('\n').map((line) => line.trim());
    const inOneLine = [first, mistakes.join('; ')].join(' ').trim();
    return new PortcullisError('invalid-policy', `PORTCULLIS_POLICY ${policyFile}: ${inOneLine}`, { cause });
  };
  let policy: Policy;
  try {
    policy = parsePolicy(await readFile(policyFile, 'utf8'));
  } catch (error) {
    throw refuse(error instanceof Error ? error.message : String(error), error);
  }
  const narrows = policy.rules.find(({ narrowTo }) => narrowTo);
  if (narrows && !narrowing) {
    throw refuse(
      `rule ${narrows.name} has narrowTo, and PORTCULLIS_NARROWING is off; set it to on, which lets the remediation role open what narrowTo lists, or leave narrowTo out`,
    );
  }
  return policy;
}

/** For so long a file that is being replaced may be away, milliseconds. */
const replacedMs = 250;

/** What tells one text from another; a file that is away, or not to be read, is told from each text as well. */
export async function policyFileDigest(file: string): Promise<string> {
  const digest = async () =>
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
  return digest()
    .catch(async () => {
      await rest(replacedMs);
      return digest();
    })
    .catch(({ code }: NodeJS.ErrnoException) => `unreadable: ${code}`);
}
