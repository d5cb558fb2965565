import type { Announcement } from '../../contract/announcement.ts';
import { context, fields, header, type SlackMessage, section } from './block.ts';
import { asEntity, code, cut, plain, sentence } from './text.ts';

/** The title of an announcement, in ASCII except for the exception's name. */
export function announcementTitle({ name, state, expires }: Announcement): string {
  return state === 'expired'
    ? `Exception expired: ${name}`
    : `Exception ${name} expires on ${expires.slice(0, 10)}`;
}

/**
 * A Slack message about an exception that ends or has ended: owner, reason, and what happens to the ingress it allowed.
 */
export function announcementMessage(announcement: Announcement): SlackMessage {
  const { name, owner, why, ticket, expires, state, policyDigest } = announcement;
  const title = announcementTitle(announcement);
  const then =
    state === 'expired'
      ? 'It no longer applies: the ingress that it allowed violates the policy from now on.'
      : 'From that second it no longer applies.';
  return {
    text: cut(plain(`${title} (${owner})`), 500, asEntity),
    blocks: [
      header(title),
      fields([
        `*Exception*\n${code(name)}\nuntil ${code(expires, 40)}`,
        `*Owner*\n${code(owner)}\nticket ${code(ticket)}`,
      ]),
      section(`${sentence(why)}\n${then} To keep it, propose a new \`expires\` in the policy.`),
      context(`policy ${code(policyDigest.slice(0, 12))}`),
    ],
  };
}
