import { heldSentence } from '../../offboarding/question.ts';
import type { AccountRecord } from '../../store/accounts.ts';
import type { Confirmation } from '../../store/confirmations.ts';
import type { StackRecord } from '../../store/stacks.ts';
import { trailWarnings } from '../../trails/condition.ts';
import type { CellView } from '../../verify/coverage.ts';
import type { Client, Protection } from '../client/http.ts';
import { withClient } from '../client/service.ts';
import { plain, table } from '../output/table.ts';
import { exits, show, type Terminal } from '../output/terminal.ts';
import { isWaiting } from './confirmations.ts';

const yesNo = { True: 'yes', False: 'no', Unknown: '?' } as const;

/** How many cells the last try verified, and the longest ago that one of them was. */
function verifiedText(cells: readonly CellView[]): string {
  const verified = cells.filter(({ verified }) => verified === 'yes');
  const [oldest] = verified.map(({ verifiedAt }) => String(verifiedAt)).sort();
  return `${verified.length}/${cells.length}${oldest ? ` ${oldest.slice(0, 16)}Z` : ''}`;
}

function row(account: AccountRecord, stacks: readonly StackRecord[], cells: readonly CellView[]): string[] {
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
    verifiedText(cells.filter(({ account: id }) => id === account.id)),
  ];
}

/** What keeps the service from all of its work, and what waits for a person. */
export interface Waiting {
  readonly notReady?: string | undefined;
  readonly confirmations?: readonly Confirmation[];
  readonly protection?: Protection;
}

const sentenceOf = (confirmation: Confirmation): string => {
  const { id, kind, state, about } = confirmation;
  if (kind !== 'policy-mode') return heldSentence(confirmation);
  return state === 'open'
    ? `policy held: the file would ${about}; the hub keeps the last confirmed policy until portcullis confirm ${id}, or refuse`
    : `policy refused: the file would ${about} (confirmation ${id})`;
};

/** A line for each thing that waits; what a person refused is no reason for an exit code. Pure. */
function waitingLines({ notReady, confirmations = [], protection }: Waiting) {
  const lines = (state: Confirmation['state']) =>
    confirmations.filter((each) => each.state === state).map((each) => plain(sentenceOf(each)));
  const escalated = (protection?.escalations ?? []).map(
    ({ accountId, region, groupId, time }) =>
      `ESCALATED AND OPEN: ${groupId} in ${accountId} ${region} since ${String(time)}; portcullis remediations --outcome escalated`,
  );
  const mode =
    protection && protection.mode !== 'revoke'
      ? [`mode ${protection.mode}: nothing is revoked; docs/policy.md says how to change it`]
      : [];
  return {
    open: [...escalated, ...(notReady ? [`not ready: ${notReady}`] : []), ...lines('open')],
    refused: [...mode, ...lines('refused')],
  };
}

/** The fleet in a table with, below it, the reason for everything that is not as it should be. Pure. */
export function renderStatus(
  accounts: readonly AccountRecord[],
  stacks: readonly StackRecord[],
  cells: readonly CellView[] = [],
  waiting: Waiting = {},
): { text: string; healthy: boolean } {
  const head = ['ACCOUNT', 'NAME', 'PATH', 'STATE', 'READY', 'STACKS', 'TRAILS', 'DRIFT', 'VERIFIED'];
  const active = accounts.filter(
    ({ state, conditions }) => state === 'ACTIVE' && conditions.Ready?.reason !== 'OutOfScope',
  );
  const { open, refused } = waitingLines(waiting);
  const remarks = [
    ...open,
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
    ...cells.flatMap(({ account, region, verified, message }) =>
      verified === 'no' ? [`${account} ${region} not verified: ${message}`] : [],
    ),
  ];
  const healthy =
    remarks.length === 0 && active.length > 0 && active.every(({ conditions }) => conditions.Ready);
  const body =
    accounts.length > 0
      ? table([head, ...accounts.map((account) => row(account, stacks, cells))])
      : 'no account seen yet: run `portcullis reconcile --all`';
  // What is wrong with a trail that covers is reported, and is no reason for an exit code: nothing is missed for it.
  const warnings = active.flatMap(({ id, regions }) =>
    trailWarnings(regions.map(({ trail }) => trail)).map((warning) => `${id} trail warning: ${warning}`),
  );
  const below = [...remarks, ...refused, ...warnings];
  return { text: [body, ...(below.length > 0 ? ['', ...below] : [])].join('\n'), healthy };
}

async function seenBy(client: Client) {
  const [accounts, stacks, cells, confirmations, notReady, protection] = await Promise.all([
    ...([client.accounts(), client.stacks(), client.coverage()] as const),
    ...([client.confirmations(), client.notReady(), client.protection()] as const),
  ]);
  return { accounts, stacks, cells, confirmations: confirmations.filter(isWaiting), notReady, protection };
}

/** Shows the fleet; 3 where something is not as it should be. */
export const status = (terminal: Terminal): Promise<number> =>
  withClient(async (client) => {
    const seen = await seenBy(client);
    const { text, healthy } = renderStatus(seen.accounts, seen.stacks, seen.cells, seen);
    show(terminal, seen, () => text);
    return healthy ? exits.done : exits.differs;
  });
