import { randomUUID } from 'node:crypto';
import { PortcullisError } from '../settings/errors.ts';
import type { PolicySource } from '../settings/policy.ts';
import type { PolicyChange } from '../settings/policy-change.ts';
import type { Hold, StackToOffboard } from '../stacks/offboarding.ts';
import { writeAudit } from './audit/entries.ts';
import type { Database, Query } from './database/database.ts';
import { type Filter, type PageRequest, readPage } from './database/page.ts';
import { firstRow } from './database/query.ts';

/** What a person is asked about; one question of each is open at most. */
export type Topic = 'settings' | 'listing' | 'policy-mode';

export const confirmationStates = ['open', 'confirmed', 'refused', 'expired', 'superseded'] as const;
export type ConfirmationState = (typeof confirmationStates)[number];

/** What a question is about: stacks that depart, or an edit that lowers the policy's mode. One of each may be open. */
export type ConfirmationKind = 'offboarding' | 'policy-mode';

/** An edit of the policy, and whose file it is. */
type AskedChange = PolicyChange & { readonly source: PolicySource };

/** What is done only once a person has said so. */
export interface Confirmation {
  readonly id: string;
  readonly kind: ConfirmationKind;
  /** Names exactly this set of stacks, or this edit of the policy. */
  readonly digest: string;
  /** What waits: what changed settings leave out, the deletions alone, everything else that departs, or the policy. */
  readonly hold: Exclude<Hold['kind'], 'nothing'> | 'settings' | 'policy';
  /** Why a person is asked. */
  readonly why: string;
  /** What would be done. */
  readonly about: string;
  /** None where it is about the policy. */
  readonly stacks: readonly (StackToOffboard & { readonly accountName: string })[];
  /** What would change of the policy; null where it is about stacks. */
  readonly policy: AskedChange | null;
  readonly state: ConfirmationState;
  readonly openedAt: Date;
  /** Open or refused: asked again afterwards. Confirmed: what is not done by then is asked again. */
  readonly expiresAt: Date;
  readonly decidedAt: Date | null;
  readonly decidedBy: string | null;
}

const columns = `id, kind, digest, hold, why, about, stacks, policy, state, opened_at, expires_at,
  decided_at, decided_by`;

const hour = 3_600_000;
/** How long a question stands, a refusal holds, and a confirmation serves. */
const lasting = { open: 72 * hour, refused: 7 * 24 * hour, confirmed: 24 * hour } as const;
const after = (at: Date, milliseconds: number) => new Date(at.getTime() + milliseconds);

export function confirmationStore({ query }: Database) {
  return {
    /** The newest 200, newest first. */
    list: () =>
      query<Confirmation>(`select ${columns} from confirmation order by opened_at desc, id limit 200`),
    /** Newest first. */
    page: ({ state }: Filter<'state'>, page: PageRequest) =>
      readPage<Confirmation>(query, page, {
        ...{ columns, from: 'confirmation', descending: true },
        order: { opened_at: 'timestamptz', id: 'uuid' },
        equal: { state },
      }),
    get: (id: string): Promise<Confirmation | undefined> => get(query, id),
    /** The open one about a topic, or a refusal that still holds. */
    standing: (topic: Topic): Promise<Confirmation | undefined> => standing(query, topic),
  };
}

const topicOf = (hold: Confirmation['hold']): Topic =>
  hold === 'settings' ? 'settings' : hold === 'policy' ? 'policy-mode' : 'listing';
const isAbout = (topic: Topic) =>
  ({
    settings: `hold = 'settings'`,
    listing: `kind = 'offboarding' and hold <> 'settings'`,
    'policy-mode': `kind = 'policy-mode'`,
  })[topic];

/** The open one, or a refusal that was neither superseded nor found expired. */
export async function standing(query: Query, topic: Topic): Promise<Confirmation | undefined> {
  return firstRow<Confirmation>(
    query,
    `select ${columns} from confirmation where state in ('open', 'refused') and ${isAbout(topic)}
     order by opened_at desc limit 1`,
  );
}

async function get(query: Query, id: string): Promise<Confirmation | undefined> {
  return firstRow<Confirmation>(query, `select ${columns} from confirmation where id = $1`, [id]);
}

const audited = (
  query: Query,
  { id, kind, digest, about, why, policy }: Confirmation,
  by: string,
  state: ConfirmationState,
) => {
  const noun = kind === 'offboarding' ? 'deletion' : 'policy';
  const became = state === 'open' ? 'held' : state;
  return writeAudit(
    query,
    {
      who: by,
      what: `${noun} ${became}` as const,
      details: { ...policy, confirmation: id, digest, about, why },
    },
    `confirmation ${id} ${state}`,
  );
};

async function end(query: Query, states: string, where: string, to: ConfirmationState, given: unknown[]) {
  const rows = await query<Confirmation>(
    `update confirmation set state = '${to}' where state in (${states}) and ${where} returning ${columns}`,
    given,
  );
  for (const row of rows) await audited(query, row, 'portcullis', to);
  return rows;
}

/** Ends what has expired. The ids of confirmed ones among them: what they cleared and is not done is asked again. */
export async function expire(
  query: Query,
  at: Date,
  kind: ConfirmationKind = 'offboarding',
): Promise<string[]> {
  const isUndone =
    'exists (select 1 from offboarding d where d.confirmation_id = confirmation.id and d.done_at is null)';
  const isOver = 'expires_at <= $1 and kind = $2';
  const confirmed = await end(query, `'confirmed'`, `${isOver} and ${isUndone}`, 'expired', [at, kind]);
  await end(query, `'open', 'refused'`, isOver, 'expired', [at, kind]);
  return confirmed.map(({ id }) => id);
}

/** Ends the open question of a topic and the refusals about any other set than this one, or about all without a set. */
export async function supersede(query: Query, topic: Topic, digest: string | undefined): Promise<void> {
  const where = `digest is distinct from $1 and ${isAbout(topic)}`;
  await end(query, `'open', 'refused'`, where, 'superseded', [digest ?? null]);
}

/** What a person is asked, where it is about an edit of the policy: the new text, and whose edit it is. */
interface AskedPolicy {
  readonly kind: 'policy-mode';
  readonly policy: AskedChange;
  readonly policyText: string;
  readonly by: string;
}

/** Asks about a set, unless that was asked already; what stands about it. */
export async function ask(
  query: Query,
  asked: Pick<Confirmation, 'digest' | 'hold' | 'why' | 'about' | 'stacks'>,
  at: Date,
  aboutPolicy?: AskedPolicy,
): Promise<{ confirmation: Confirmation; fresh: boolean }> {
  const { kind = 'offboarding', policy, policyText = null, by = 'portcullis' } = aboutPolicy ?? {};
  const topic = topicOf(asked.hold);
  await supersede(query, topic, asked.digest);
  const before = await standing(query, topic);
  if (before) return { confirmation: before, fresh: false };
  const { digest, hold, why, about, stacks } = asked;
  const ends = after(at, lasting.open);
  const [confirmation] = await query<Confirmation>(
    `insert into confirmation (id, digest, hold, why, about, stacks, state, opened_at, expires_at, kind, policy, policy_text)
     values ($1, $2, $3, $4, $5, $6, 'open', $7, $8, $9, $10, $11) returning ${columns}`,
    [
      ...[randomUUID(), digest, hold, why, about, JSON.stringify(stacks), at, ends, kind],
      ...[policy ? JSON.stringify(policy) : null, policyText],
    ],
  );
  if (!confirmation) throw new Error('the confirmation was not recorded');
  await audited(query, confirmation, by, 'open');
  return { confirmation, fresh: true };
}

/**
 * Records a person's decision on a set; `fresh`: it was not decided so before. A refusal can be confirmed while it stands.
 * @throws PortcullisError `not-found`; `conflict` where the set is another by now, or the question is over.
 */
export async function decide(
  query: Query,
  word: { id: string; digest: string; by: string; state: 'confirmed' | 'refused' },
  at: Date,
): Promise<{ confirmation: Confirmation; fresh: boolean }> {
  const { id, digest, by, state } = word;
  const asked = await get(query, id);
  if (!asked) {
    throw new PortcullisError(
      'not-found',
      `confirmation ${id} does not exist; GET /v1/confirmations lists them`,
    );
  }
  if (asked.digest !== digest)
    throw new PortcullisError(
      'conflict',
      `digest: confirmation ${id} is about another set; look at it again`,
    );
  if (asked.state === state) return { confirmation: asked, fresh: false };
  const isStanding = asked.state === 'open' || asked.state === 'refused';
  if (!isStanding || asked.expiresAt <= at) {
    const now = isStanding ? 'expired' : asked.state;
    throw new PortcullisError(
      'conflict',
      `confirmation ${id} is ${now}; GET /v1/confirmations shows whether there is a newer one`,
    );
  }
  await query(
    'update confirmation set state = $2, decided_at = $3, decided_by = $4, expires_at = $5 where id = $1',
    [id, state, at, by, after(at, lasting[state])],
  );
  const decided = { ...asked, state, decidedAt: at, decidedBy: by, expiresAt: after(at, lasting[state]) };
  await audited(query, decided, by, state);
  return { confirmation: decided, fresh: true };
}
