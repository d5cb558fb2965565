import type { ScopeView } from '../../offboarding/scope-view.ts';
import type { Confirmation } from '../../store/confirmations.ts';
import { plain, table } from '../output/table.ts';

/** A confirmation with every stack that it is about. Pure. */
export function renderConfirmation({ id, state, about, why, stacks, expiresAt }: Confirmation): string {
  const rows = stacks.map(({ key, accountName, what, because }) => [
    key,
    plain(accountName),
    what === 'archive' ? 'archive' : 'destroy',
    plain(because),
  ]);
  return [
    `${id} ${state}, until ${new Date(expiresAt).toISOString()}`,
    `would ${about}`,
    `asked because ${why}`,
    table([['STACK', 'ACCOUNT', 'WHAT', 'BECAUSE'], ...rows]),
  ].join('\n');
}

/** What waits for an answer, whole; what was answered or is over, in a line each. Pure. */
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

/** Whether a confirmation is of consequence still. Pure. */
export const isWaiting = ({ state }: Confirmation): boolean => state === 'open' || state === 'refused';

/** What the settings leave out and a person has to let go before it does; empty where nothing is. Pure. */
export function renderLeftOut({ leftOut, wrong }: ScopeView): string {
  const lines = leftOut.map(({ key, because }) => `${key} stays until a person confirms: ${plain(because)}`);
  return [...(wrong ? [plain(wrong)] : []), ...lines].map((line) => `${line}\n`).join('');
}
