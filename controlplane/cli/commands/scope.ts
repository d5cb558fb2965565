import { PortcullisError } from '../../settings/errors.ts';

export interface ScopeValues {
  readonly account?: readonly string[];
  readonly ou?: readonly string[];
  readonly region?: readonly string[];
  readonly all?: boolean;
}

/** A request to the API for the whole organization. */
const wholeOrganization = { scope: 'organization' };

const isNarrowed = ({ account, ou, region }: ScopeValues) => Boolean(account ?? ou ?? region);

/** The scope of a request. @throws `invalid-request` if `--all` is combined with a part of the organization */
export function requestOf(values: ScopeValues): object {
  const { account, ou, region, all } = values;
  if (!isNarrowed(values)) return wholeOrganization;
  if (all)
    throw new PortcullisError(
      'invalid-request',
      '--all is the whole organization; leave it out with --account, --ou or --region',
    );
  const scope = { accounts: account, organizationalUnits: ou, regions: region };
  return Object.fromEntries(Object.entries(scope).filter(([, ids]) => ids !== undefined));
}

/**
 * Whether a command may act on its scope: a part of the organization, or the whole of it with `--all` or a yes on the
 * terminal. @throws `invalid-request` without a terminal to ask on
 */
export async function allOrAsked(
  verb: 'reconcile' | 'verify' | 'sweep',
  values: ScopeValues,
  ask: (question: string) => Promise<boolean | undefined>,
): Promise<boolean> {
  if (values.all || isNarrowed(values)) return true;
  const yes = await ask(`No scope is given: ${verb} every account of the organization?`);
  if (yes !== undefined) return yes;
  throw new PortcullisError(
    'invalid-request',
    `${verb} needs a scope: --account <id>, --ou <id> or --region <region>, or --all for the whole organization`,
  );
}
