import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as rest } from 'node:timers/promises';
import { type Policy, parsePolicy, policySchema } from '../../lambda/policy/parse.ts';
import type { StoredException } from '../store/exceptions.ts';
import type { Settings } from './environment.ts';
import { PortcullisError, reasonOf } from './errors.ts';

type PolicySettings = Pick<Settings, 'policyFile' | 'narrowing'>;

/** For so long after its expiry a stored exception stays in the policy: the Lambda announces the expiry meanwhile. */
const announcedMilliseconds = 24 * 3_600_000;

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
export async function policyDigest(file: string): Promise<string> {
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

/** Whether a stored exception still belongs into the policy. Pure. */
export const belongs = ({ exception: { expires }, endedAt }: StoredException, now: Date): boolean =>
  endedAt === null && (expires === undefined || now.getTime() < Date.parse(expires) + announcedMilliseconds);

/**
 * A policy with the stored exceptions beside its own; by name, so that the order they were kept in does not matter.
 * @throws PortcullisError `invalid-policy` where the file has an exception of the same name.
 */
export function withStoredExceptions(
  policy: Policy,
  stored: readonly StoredException[],
  now: Date,
): { policy: Policy; names: string[] } {
  const added = stored.filter((each) => belongs(each, now)).map(({ exception }) => exception);
  if (added.length === 0) return { policy, names: [] };
  added.sort((one, other) => (one.name < other.name ? -1 : 1));
  const own = policy.exceptions ?? [];
  const taken = added.find(({ name }) => own.some((each) => each.name === name));
  if (taken) {
    throw new PortcullisError(
      'invalid-policy',
      `exceptions: ${taken.name} is the name of a stored exception; give the one in the policy file another`,
    );
  }
  const merged = policySchema.safeParse({ ...policy, exceptions: [...own, ...added] });
  if (!merged.success) {
    const [issue] = merged.error.issues;
    const at = issue?.path.join('.') ?? '';
    throw new PortcullisError(
      'invalid-policy',
      `with the stored exceptions the policy cannot be read: ${at}: ${issue?.message ?? reasonOf(merged.error)}`,
    );
  }
  return { policy: merged.data, names: added.map(({ name }) => name) };
}
