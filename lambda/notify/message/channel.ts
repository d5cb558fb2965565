import type { Announcement } from '../../contract/announcement.ts';
import type { Channel, RemediationResult } from '../../contract/result.ts';

/** Notifies people of results and announcements. A failure is part of the answer, never an exception. */
export interface NotificationChannel {
  notify(result: RemediationResult): Promise<Channel>;
  announce(announcement: Announcement): Promise<Channel>;
}

/** A channel that no setting names. */
export const notConfigured: NotificationChannel = {
  notify: async () => ({ status: 'not-configured' }),
  announce: async () => ({ status: 'not-configured' }),
};
