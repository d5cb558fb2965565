import { keptSentence, readScope, termsOf } from '../offboarding/scope.ts';
import type { Installation } from '../organization/installation.ts';
import { organizationFact, unreadFact } from '../reconcile/organization.ts';
import type { Uses } from '../services/services.ts';
import { reasonOf } from '../settings/errors.ts';

interface Readiness
  extends Uses<{
    store: 'facts' | 'now';
    settings: 'regions' | 'organizationalUnits' | 'exclude';
    log: true;
  }> {
  readonly installation?: Pick<Installation, 'refusal'>;
  /** Since when the organization has to have been read, by the database's clock; undefined: that does not matter. */
  readonly since: Date | undefined;
}

/**
 * Why the service cannot do all of its work; undefined where it can: the database does not answer, the hub belongs to
 * another installation, the organization was not read since the start, or the settings name what the organization does not have. Never throws.
 */
export function readiness({ store: { facts, now }, settings, log, since, installation }: Readiness) {
  return async (): Promise<string | undefined> => {
    try {
      await now();
      const refusal = await installation?.refusal();
      if (refusal) return refusal;
      const read = await facts.get(organizationFact);
      if (since && !(read && read.updatedAt >= since)) {
        const unread = await facts.get<string | null>(unreadFact);
        const why = unread && unread.updatedAt >= since && unread.value;
        return why
          ? `the organization cannot be read: ${why}; nothing is taken away until it is`
          : 'the organization has not been read since the start';
      }
      const terms = termsOf(await readScope(facts), settings);
      return terms.wrong ? keptSentence(terms) : undefined;
    } catch (error) {
      log.warn({ error: reasonOf(error) }, 'database');
      return 'the database does not answer';
    }
  };
}
