import type { AccountRecord } from '../store/accounts.ts';
import type { StackRecord } from '../store/stacks.ts';
import { table } from './table.ts';

const yesNo = { True: 'yes', False: 'no', Unknown: '?' } as const;

function row(account: AccountRecord, stacks: readonly StackRecord[]): string[] {
  const own = stacks.filter(({ accountId, kind }) => accountId === account.id && kind !== 'hub');
  const ready = own.filter(({ conditions }) => conditions.Ready?.status === 'True').length;
  const covered = account.regions.filter(({ trail }) => trail.covered === true).length;
  return [
    account.id,
    account.name,
    account.path || '-',
    account.state,
    yesNo[account.conditions.Ready?.status ?? 'Unknown'],
    `${ready}/${own.length}`,
    `${covered}/${account.regions.length}`,
    own.some(({ conditions }) => conditions.Drifted?.status === 'True') ? 'yes' : 'no',
  ];
}

/** The fleet in a table with, below it, the reason for everything that is not as it should be. Pure. */
export function renderStatus(
  accounts: readonly AccountRecord[],
  stacks: readonly StackRecord[],
): { text: string; healthy: boolean } {
  const head = ['ACCOUNT', 'NAME', 'PATH', 'STATE', 'READY', 'STACKS', 'TRAILS', 'DRIFT'];
  const active = accounts.filter(({ state }) => state === 'ACTIVE');
  const remarks = [
    ...active.flatMap(({ id, conditions }) =>
      (['Ready', 'TrailsCovered'] as const).flatMap((type) => {
        const condition = conditions[type];
        return condition && condition.status !== 'True'
          ? [`${id} ${type} ${condition.reason}: ${condition.message}`]
          : [];
      }),
    ),
    ...stacks
      .filter(({ accountId }) => active.some(({ id }) => id === accountId))
      .flatMap(({ key, conditions }) => [
        ...(conditions.Ready?.status === 'True'
          ? []
          : [`${key} not ready: ${conditions.Ready?.message ?? 'never reconciled'}`]),
        ...(conditions.Drifted?.status === 'True' ? [`${key} drifted: ${conditions.Drifted.message}`] : []),
      ]),
  ];
  const healthy =
    remarks.length === 0 && active.length > 0 && active.every(({ conditions }) => conditions.Ready);
  const body =
    accounts.length > 0
      ? table([head, ...accounts.map((account) => row(account, stacks))])
      : 'no account seen yet: run `portcullis reconcile`';
  return { text: [body, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n'), healthy };
}
