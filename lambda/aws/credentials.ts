import type { Cloud, Session } from './cloud.ts';

export interface Sessions {
  /** A session that is valid for at least five minutes. Concurrent calls for one account share one AssumeRole. */
  of(account: string, eventId: string): Promise<Session>;
  /** Forgets every session, so that the next call assumes the role again: an expired session may be what failed. */
  forget(): void;
}

const margin = 5 * 60_000;

/**
 * The session name has the id of the first event that needed it, so CloudTrail in the member account leads back to it.
 */
export function createSessions(
  cloud: Pick<Cloud, 'assumeRole'>,
  role: { partition: string; name: string },
  now: () => Date,
): Sessions {
  const kept = new Map<string, Promise<Session>>();

  function ask(account: string, eventId: string): Promise<Session> {
    const name = `portcullis-${eventId.replace(/[^\w+=,.@-]/g, '-')}`.slice(0, 64);
    const asked = cloud.assumeRole(`arn:${role.partition}:iam::${account}:role/${role.name}`, name);
    kept.set(account, asked);
    asked.catch(() => forgetIf(account, asked));
    return asked;
  }

  function forgetIf(account: string, asked: Promise<Session>): void {
    if (kept.get(account) === asked) kept.delete(account);
  }

  return {
    async of(account, eventId) {
      const earlier = kept.get(account);
      if (earlier) {
        const session = await earlier;
        if (session.expiration.getTime() - now().getTime() > margin) return session;
        forgetIf(account, earlier);
      }
      return kept.get(account) ?? ask(account, eventId);
    },
    forget: () => kept.clear(),
  };
}
