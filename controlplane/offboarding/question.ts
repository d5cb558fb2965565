import { PortcullisError } from '../settings/errors.ts';
import type { Hold, StackToOffboard } from '../stacks/offboarding.ts';
import { ask, type Confirmation, decide, standing, supersede, type Topic } from '../store/confirmations.ts';
import type { Query } from '../store/database/database.ts';
import {
  clear,
  holdUnconfirmed,
  type Offboarding,
  openOffboardings,
  recordOffboardings,
} from '../store/offboarding.ts';
import { confirmAsked } from '../store/policies.ts';
import type { Store } from '../store/store.ts';
import { describeSet, digestOf } from './guard.ts';

const isBySetting = ({ foundBy }: Pick<Offboarding, 'foundBy'>): boolean => foundBy === 'setting';

/** Whether a hold makes this offboarding wait for a confirmation. One caused by a setting always waits. */
const isHeldBy = (hold: Confirmation['hold'] | Hold['kind'], offboarding: Offboarding): boolean => {
  if (offboarding.clearedAt !== null) return false;
  if (hold === 'settings' || isBySetting(offboarding)) return hold === 'settings' && isBySetting(offboarding);
  return hold === 'everything' || (hold === 'deletions' && offboarding.what === 'destroy');
};

export interface QuestionContext {
  readonly names: ReadonlyMap<string, string>;
  readonly at: Date;
}

export type Asked = Awaited<ReturnType<typeof ask>>;

function whyOf(held: readonly Offboarding[]): string {
  const counts = Map.groupBy(held, ({ because }) => because);
  const reasons = [...counts].map(([because, set]) => `${because} (${set.length})`).sort();
  return `settings changed: ${reasons.join('; ')}`;
}

async function askAbout(
  query: Query,
  held: readonly Offboarding[],
  { hold, why, names, at }: QuestionContext & Pick<Confirmation, 'hold' | 'why'>,
): Promise<Asked | undefined> {
  const topic: Topic = hold === 'settings' ? 'settings' : 'listing';
  if (held.length === 0) {
    await supersede(query, topic, undefined);
    return undefined;
  }
  const stacks = held.map(({ key, accountId, region, what, because }) => ({
    ...{ key, accountId, region, what, because },
    accountName: names.get(accountId) ?? '',
  }));
  return ask(query, { digest: digestOf(held), hold, why, about: describeSet(held), stacks }, at);
}

/** Clears what the guard allows and asks about the rest. Returns the open questions. */
export async function settle(query: Query, hold: Hold, context: QuestionContext): Promise<Asked[]> {
  if (hold.kind === 'everything') await holdUnconfirmed(query);
  const open = await openOffboardings(query);
  const bySetting = open.filter((each) => isHeldBy('settings', each));
  const held = open.filter((each) => isHeldBy(hold.kind, each));
  const free = open.filter(
    (each) => each.clearedAt === null && !held.includes(each) && !bySetting.includes(each),
  );
  await clear(
    query,
    free.map(({ key }) => key),
    null,
    context.at,
  );
  const kind = hold.kind === 'nothing' ? 'deletions' : hold.kind;
  const asked = [
    await askAbout(query, bySetting, { ...context, hold: 'settings', why: whyOf(bySetting) }),
    await askAbout(query, held, { ...context, hold: kind, why: hold.why }),
  ];
  return asked.filter((each) => each !== undefined);
}

/** What waits, and the command that answers. */
export const heldSentence = ({
  id,
  state,
  why,
  about,
}: Pick<Confirmation, 'id' | 'state' | 'why' | 'about'>): string =>
  state === 'refused'
    ? `left as it is: ${about}, which was refused (confirmation ${id})`
    : `a person has to confirm: ${about}, because ${why}; portcullis confirm ${id}, or refuse`;

/**
 * Records a person's answer. Confirming clears exactly the stacks of the question, or puts exactly its policy in
 * force.
 * @throws PortcullisError `not-found`, or `conflict` when the question is over or the set has changed
 */
export function answer(
  { offboarding }: Pick<Store, 'offboarding'>,
  word: Parameters<typeof decide>[1],
  at: Date,
): Promise<Confirmation> {
  return offboarding.alone(async (query) => {
    const { confirmation, fresh } = await decide(query, word, at);
    if (!fresh || confirmation.state !== 'confirmed') return confirmation;
    if (confirmation.kind === 'policy-mode') {
      await confirmAsked(query, confirmation, word.by, at);
      return confirmation;
    }
    const held = (await openOffboardings(query)).filter((each) => isHeldBy(confirmation.hold, each));
    if (digestOf(held) !== confirmation.digest) {
      throw new PortcullisError(
        'conflict',
        `confirmation ${word.id} is about a set that has changed since; GET /v1/confirmations shows the current question`,
      );
    }
    await clear(
      query,
      held.map(({ key }) => key),
      word.id,
      at,
    );
    return confirmation;
  });
}

/** Records that a Region is disabled. Its stack is cleared at once unless everything is held. */
export function foundDisabled(
  { offboarding }: Pick<Store, 'offboarding'>,
  departing: StackToOffboard,
  at: Date,
): Promise<void> {
  return offboarding.alone(async (query) => {
    await recordOffboardings(query, [departing], 'region', at);
    if ((await standing(query, 'listing'))?.hold !== 'everything')
      await clear(query, [departing.key], null, at);
  });
}
