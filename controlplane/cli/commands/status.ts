import type { FleetStatusView } from '../../http/schemas/status.ts';
import { heldSentence } from '../../offboarding/question.ts';
import type { Counts, Group } from '../../store/fleet/status.ts';
import { withClient } from '../client/service.ts';
import { plain, table } from '../output/table.ts';
import { exits, show, type Terminal } from '../output/terminal.ts';

/** The answer of the service, and why the service is not ready; null if it is. */
export interface Seen extends FleetStatusView {
  readonly notReady: string | null;
}

const width = 80;
const minute = (at: Date | string | null): string =>
  at ? `${new Date(at).toISOString().slice(0, 16)}Z` : 'never';

/** A text of at most `most` characters. */
const cut = (text: string, most: number): string =>
  text.length > most ? `${text.slice(0, most - 1)}…` : text;

const sentenceOf = (confirmation: FleetStatusView['waiting'][number]): string => {
  const { id, kind, state, about } = confirmation;
  if (kind !== 'policy-mode') return heldSentence(confirmation);
  return state === 'open'
    ? `policy held: the file would ${about}; the hub keeps the last confirmed policy until portcullis confirm ${id}, or refuse`
    : `policy refused: the file would ${about} (confirmation ${id})`;
};

function policyLine({ policy: { mode, digest, since, by } }: Seen): string {
  const effect = mode === 'revoke' ? '' : ' (nothing is revoked; docs/policy.md says how to change it)';
  const from = since ? `in force since ${minute(since)}${by ? `, by ${plain(by)}` : ''}` : 'not in force yet';
  return `Policy      mode ${mode}${effect}\n            digest ${digest.slice(0, 12)}, ${from}`;
}

function cellsLine({ protection }: Seen): string {
  const { cells, observed, notCovered, notChecked, accountsNotRead } = protection;
  const unread = accountsNotRead > 0 ? ` and ${accountsNotRead} accounts not read yet` : '';
  return [
    `Cells       ${protection.protected} protected, ${observed} observed, ${notCovered} not covered, ${notChecked} not checked`,
    `            of ${cells} cells${unread}`,
  ].join('\n');
}

/** The state of an uninstall; nothing without one. */
function uninstallLine({ uninstall }: Seen): string[] {
  if (!uninstall) return [];
  const { state, by, requestedAt, remaining, left } = uninstall;
  const how = state === 'finished' ? 'finished' : state === 'stuck' ? 'waits for a person' : 'in progress';
  const since = `requested by ${plain(by ?? '')}, ${minute(requestedAt)}`;
  return [
    `Uninstall   ${how}: ${remaining} stacks remain, ${left} could not be removed`,
    `            ${since}`,
  ];
}

/** What a person must know first. */
function headline(seen: Seen): string[] {
  const { total, openEscalations, waiting, hub } = seen;
  const open = waiting.filter(({ state }) => state === 'open').length;
  const hubText = hub
    ? hub.ready === 'True'
      ? 'ready'
      : `not ready: ${plain(hub.message)}`
    : 'not deployed yet';
  const verified =
    total.verified > 0
      ? `${minute(total.lastVerifiedAt)}; ${total.verified} of ${total.cells} cells, the earliest ${minute(total.earliestVerifiedAt)}`
      : 'never';
  return [
    ...uninstallLine(seen),
    policyLine(seen),
    cellsLine(seen),
    `Escalated   ${openEscalations} open`,
    `Waiting     ${open} for confirmation`,
    `Verified    ${verified}`,
    `Hub         ${hubText}`,
  ];
}

const ratio = (one: number, all: number) => `${one}/${all}`;
const numbers = (counts: Counts): string[] => [
  ratio(counts.stacksReady, counts.stacks),
  ratio(counts.covered, counts.cells),
  String(counts.notCovered),
  String(counts.notChecked),
  String(counts.stacksDrifted),
  ratio(counts.verified, counts.cells),
];

const head = ['STACKS', 'COVERED', 'NOT', '?', 'DRIFT', 'VERIFIED'];

/** The states of accounts in the width of a column. */
const states: Readonly<Record<string, string>> = {
  ACTIVE: 'active',
  SUSPENDED: 'suspended',
  DEPARTED: 'left',
};

/** One line for each account, or for each organizational unit if there are many; at most 80 columns. Pure. */
function fleetTable(groups: readonly Group[]): string {
  const byAccount = groups.some(({ account }) => account);
  const first = byAccount ? ['ACCOUNT', 'NAME', 'STATE'] : ['UNIT', 'ACCOUNTS'];
  const rows = (room: number) =>
    groups.map((group) => {
      const { account, path, accounts } = group;
      const place = account
        ? [
            account.id,
            cut(plain(account.name), room),
            states[account.state] ?? cut(account.state.toLowerCase(), 9),
          ]
        : [cut(plain(path || 'root'), room), String(accounts)];
      return [...place, ...numbers(group)];
    });
  const columns = [...first, ...head];
  const natural = table([columns, ...rows(width)]);
  const longest = Math.max(...natural.split('\n').map((line) => line.length));
  if (longest <= width) return natural;
  const names = [...groups.map(({ account, path }) => (account ? account.name : path || 'root').length)];
  return table([columns, ...rows(Math.max(Math.max(...names) - (longest - width), 8))]);
}

/** Why the fleet is unhealthy, and what a person refused. */
function remarkLines(seen: Seen): { open: string[]; refused: string[] } {
  const { escalations, openEscalations, waiting, notReady, remarks, moreRemarks, total, protection } = seen;
  const of = (state: 'open' | 'refused') =>
    waiting.filter((each) => each.state === state).map((each) => sentenceOf(each));
  const more = openEscalations - escalations.length;
  // A Region that was just enabled has a cell and no stack yet, so no remark names it.
  const unnamed = remarks.length === 0 && total.notCovered + total.notChecked > 0;
  return {
    open: [
      ...escalations.map(
        ({ accountId, region, groupId, time }) =>
          `ESCALATED AND OPEN: ${groupId} in ${accountId} ${region} since ${String(time)}; portcullis remediations --outcome escalated`,
      ),
      ...(more > 0 ? [`ESCALATED AND OPEN: ${more} more`] : []),
      ...(notReady ? [`not ready: ${notReady}`] : []),
      ...of('open'),
      ...remarks.map(({ about, what, message }) => `${about} ${what}: ${plain(message)}`),
      ...(protection.accountsNotRead > 0
        ? [`${protection.accountsNotRead} accounts not read yet: their Regions are unknown`]
        : []),
      ...(unnamed ? ['some cells are not covered or not checked: GET /v1/coverage lists them'] : []),
      ...(moreRemarks > 0 ? [`and ${moreRemarks} more: GET /v1/stacks and GET /v1/coverage list them`] : []),
    ],
    refused: of('refused'),
  };
}

/** The headline, the fleet in a table, and the reason for everything that is unhealthy. Pure. */
export function renderStatus(seen: Seen): { text: string; healthy: boolean } {
  const { open, refused } = remarkLines(seen);
  const { total, groups, moreGroups } = seen;
  const body =
    total.accounts > 0
      ? [fleetTable(groups), ...(moreGroups > 0 ? [`and ${moreGroups} more organizational units`] : [])]
      : ['no account seen yet: run `portcullis reconcile --all`'];
  const warnings = seen.warnings.map(({ about, what, message }) => `${about} ${what}: ${plain(message)}`);
  const below = [...open, ...refused, ...warnings];
  return {
    text: [...headline(seen), '', ...body, ...(below.length > 0 ? ['', ...below] : [])].join('\n'),
    healthy: open.length === 0 && total.accountsReady > 0,
  };
}

/** Shows the state of the fleet; exit code 3 if something is unhealthy. */
export const status = (terminal: Terminal): Promise<number> =>
  withClient(async (client) => {
    const [answer, notReady] = await Promise.all([client.status(), client.notReady()]);
    const seen: Seen = { ...answer, notReady: notReady ?? null };
    const { text, healthy } = renderStatus(seen);
    show(terminal, seen, () => text);
    return healthy ? exits.done : exits.differs;
  });
