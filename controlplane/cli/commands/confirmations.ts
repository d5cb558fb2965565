import type { ScopeView } from '../../offboarding/scope-view.ts';
import type { Confirmation } from '../../store/confirmations.ts';
import { withClient } from '../client/service.ts';
import { plain, table } from '../output/table.ts';
import { exits, say, show, type Terminal } from '../output/terminal.ts';

/** Everything that an edit of the policy changes, so that a person confirms only what they read. */
function policyLines({ policy }: Confirmation): string[] {
  if (!policy) return [];
  const { from, to, mode, rules, exceptions, settings, source } = policy;
  const list = (what: string, names: readonly string[]) =>
    names.length > 0 ? [`${what}: ${names.map(plain).join(', ')}`] : [];
  return [
    `file ${plain(source.file)} on ${plain(source.host)}`,
    `digest ${from?.slice(0, 12) ?? '-'} -> ${to.slice(0, 12)}, strongest mode ${mode.from ?? '-'} -> ${mode.to}`,
    ...list('rules added', rules.added),
    ...list('rules removed', rules.removed),
    ...list('rules changed', rules.changed),
    ...(rules.reordered ? ['rules in another order'] : []),
    ...list('exceptions added', exceptions.added),
    ...list('exceptions removed', exceptions.removed),
    ...list('exceptions changed', exceptions.changed),
    ...list('other keys changed', settings),
  ];
}

/** A confirmation with each of its stacks, or with the changes of the policy. Pure. */
export function renderConfirmation(confirmation: Confirmation): string {
  const { id, kind, state, about, why, stacks, expiresAt } = confirmation;
  const rows = stacks.map(({ key, accountName, what, because }) => [
    key,
    plain(accountName),
    what === 'archive' ? 'archive' : 'destroy',
    plain(because),
  ]);
  return [
    `${id} ${state}, until ${new Date(expiresAt).toISOString()}`,
    `would ${plain(about)}`,
    `asked because ${plain(why)}`,
    ...(kind === 'policy-mode'
      ? policyLines(confirmation)
      : [table([['STACK', 'ACCOUNT', 'WHAT', 'BECAUSE'], ...rows])]),
  ].join('\n');
}

/** Open confirmations in full, the others in one line each. Pure. */
export function renderConfirmations(confirmations: readonly Confirmation[]): string {
  if (confirmations.length === 0) return 'nothing waits for a person';
  return confirmations
    .map((each) =>
      each.state === 'open'
        ? `${renderConfirmation(each)}\n\nanswer with: portcullis confirm ${each.id}, or refuse\n`
        : `${each.id} ${each.state}${each.decidedBy ? ` by ${plain(each.decidedBy)}` : ''}: ${each.about}`,
    )
    .join('\n');
}

/** What the settings leave out and stays until a person confirms. Pure. */
export function renderLeftOut({ leftOut, wrong }: ScopeView): string {
  const lines = leftOut.map(({ key, because }) => `${key} stays until a person confirms: ${plain(because)}`);
  return [...(wrong ? [plain(wrong)] : []), ...lines].map((line) => `${line}\n`).join('');
}

/** Shows the confirmation, and sends its digest with the answer, so that a changed confirmation is not answered. */
const answer = (word: 'confirm' | 'refuse') => (terminal: Terminal, _: unknown, id: string) =>
  withClient(async (client) => {
    const asked = await client.confirmation(id);
    say(terminal, renderConfirmation(asked));
    show(terminal, await client.answer(word, id, asked.digest), ({ state }) => state);
    return exits.done;
  });
export const confirm = answer('confirm');
export const refuse = answer('refuse');
