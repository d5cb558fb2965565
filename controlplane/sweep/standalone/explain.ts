import type { Aws } from '../../aws/clients.ts';
import { isAssumeRefused, isDenied, isThrottling } from '../../aws/errors.ts';
import { failureOf } from '../patience.ts';

/** Why an account or cell could not be read, and what to do about it. Contains no secret. */
export async function whyNotRead(
  aws: Pick<Aws, 'accessRoleArn'>,
  accountId: string,
  error: unknown,
): Promise<string> {
  const failure = failureOf(error);
  if (isThrottling(error)) return `AWS throttled every try: ${failure}`;
  if (!isDenied(error)) return failure;
  const role = await aws.accessRoleArn(accountId);
  if (isAssumeRefused(error))
    return `${role ?? 'the access role'} cannot be assumed: ${failure}. The role must exist and trust these credentials, and they need sts:AssumeRole on it (docs/sweep.md)`;
  return `${role ?? 'these credentials'} cannot read it: ${failure}. The rights are in docs/sweep-policy.json, and no service control policy may deny them`;
}
