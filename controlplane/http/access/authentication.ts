import { createHash, timingSafeEqual } from 'node:crypto';
import { PortcullisError } from '../../settings/errors.ts';
import { mayAct, type Role, type Token } from '../../settings/tokens.ts';

/** Who sent a request. The name is the actor in the audit log. */
export type Caller = Pick<Token, 'name' | 'role'>;

const digestOf = (text: string) => createHash('sha256').update(text).digest();

/**
 * Finds the caller of an `Authorization` header. Digests of equal length are compared, with every known token, so the
 * time shows neither how much of a token is right nor which one it is.
 * @throws PortcullisError `unauthenticated`
 */
export function authenticator(tokens: readonly Token[]): (header: string | undefined) => Caller {
  const known = tokens.map(({ name, role, token }) => ({ name, role, digest: digestOf(token) }));
  return (header) => {
    const given = digestOf(/^Bearer (\S+)$/i.exec(header ?? '')?.[1] ?? '');
    let caller: Caller | undefined;
    for (const { name, role, digest } of known) if (timingSafeEqual(digest, given)) caller = { name, role };
    if (!caller)
      throw new PortcullisError(
        'unauthenticated',
        'send a known token: Authorization: Bearer <token>; the commands send PORTCULLIS_TOKEN',
      );
    return caller;
  };
}

/** @throws PortcullisError `forbidden`, naming the role that is needed */
export function requireRole({ name, role }: Caller, needed: Role): void {
  if (mayAct(role, needed)) return;
  throw new PortcullisError('forbidden', `the token ${name} has the role ${role}; this needs ${needed}`);
}
