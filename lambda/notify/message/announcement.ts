import type { Announcement } from '../../contract/announcement.ts';
import { context, fields, header, type SlackMessage, section } from './block.ts';
import { asEntity, code, cut, plain, sentence } from './text.ts';

/** What an announcement is called to people, in ASCII but for the exception's name. */
export function announcementTitle({ name, state, expires }: Announcement): string {
  return state === 'expired'
    ? `Exception expired: ${name}`
    : `Exception ${name} expires on ${expires.slice(0, 10)}`;
}

/** A Slack message of an exception that ends or has ended: whose, why, and what becomes of what it let through. */
export function announcementMessage(announcement: Announcement): SlackMessage {
  const { name, owner, why, ticket, expires, state, policyDigest } = announcement;
  const title = announcementTitle(announcement);
  const then =
    state === 'expired'
      ? 'It counts no more: what it let through is against the policy from now on.'
      : 'From that second on it counts no more.';
  return {
    text: cut(plain(`${title} (${owner})`), 500, asEntity),
    blocks: [
      header(title),
      fields([
        `*Exception*\n${code(name)}\nuntil ${code(expires, 40)}`,
        `*Owner*\n${code(owner)}\nticket ${code(ticket)}`,
      ]),
      section(`${sentence(why)}\n${then} Whoever still needs it proposes a new \`expires\` in the policy.`),
      context(`policy ${code(policyDigest.slice(0, 12))}`),
    ],
  };
}
