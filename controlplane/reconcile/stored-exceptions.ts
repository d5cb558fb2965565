import { type Policy, policySchema } from '../../lambda/policy/parse.ts';
import { PortcullisError, reasonOf } from '../settings/errors.ts';
import type { StoredException } from '../store/exceptions.ts';

/** An expired exception stays in the policy this long, so that the Lambda can announce the expiry. */
const announcedMilliseconds = 24 * 3_600_000;

/** Pure. */
export const belongs = ({ exception: { expires }, endedAt }: StoredException, now: Date): boolean =>
  endedAt === null && (expires === undefined || now.getTime() < Date.parse(expires) + announcedMilliseconds);

/**
 * Adds the stored exceptions to a policy, sorted by name, so that equal sets give an equal bundle.
 * @throws PortcullisError `invalid-policy` when the file has an exception of the same name
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
