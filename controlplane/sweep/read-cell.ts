import type { EC2Client } from '@aws-sdk/client-ec2';
import type { Policy } from '../../lambda/policy/parse.ts';
import type { Situation } from '../../lambda/policy/security-group.ts';
import type { Aws } from '../aws/clients.ts';
import type { CellReading } from '../store/findings/finding.ts';
import { type CellDetails, readDetails } from './details.ts';
import { findingOf, undecidedOf } from './findings.ts';
import { type Offences, readOffences } from './offences.ts';
import { failureOf } from './patience.ts';
import { type PrefixListCache, resolvePrefixLists } from './prefix-lists.ts';

/** One account in one Region. */
export interface Cell {
  readonly accountId: string;
  readonly region: string;
}

/** What a sweep reads every cell with. */
export interface ReadingContext {
  readonly aws: Pick<Aws, 'ec2' | 'cloudTrail'>;
  readonly policy: Policy;
  readonly policyDigest: string;
  /** The facts about accounts that the policy's scopes need. */
  readonly accounts: Situation['accounts'];
  /** Shared by all cells of a sweep. */
  readonly prefixLists: PrefixListCache;
  /** Whether an account belongs to the organization, so that edits of its prefix lists are seen. */
  isCovered(accountId: string): boolean;
  /** The tags of an account, for the owner of a finding; null where they are not known. */
  accountTags(accountId: string): Promise<Readonly<Record<string, string>> | null>;
  /** The reason that a cell could not be read, for a person; without it, the error's message. */
  explain?(cell: Cell, error: unknown): Promise<string>;
}

/** A cell is read whole, or not checked with the reason: nothing in it then counts as clean or resolved. */
export type CellRead =
  | {
      readonly kind: 'read';
      readonly reading: CellReading;
      /** What could not be read about findings, such as who opened a rule. */
      readonly notes: readonly string[];
      /** Accounts whose groups are listed here because of a shared VPC: their own cells have them. */
      readonly otherOwners: readonly string[];
    }
  | { readonly kind: 'not-checked'; readonly reason: string };

/**
 * Reads the security groups of a cell, evaluates their ingress, and reads more about those that the policy forbids:
 * rule ids, exposure, owner. One EC2 call for a clean cell. Never throws for a failure of AWS.
 * @param sweep `readAt` is when the read begins, by the database's clock
 */
export async function readCell(
  context: ReadingContext,
  cell: Cell,
  sweep: Pick<CellReading, 'sweepId' | 'readAt'>,
): Promise<CellRead> {
  const { accountId, region } = cell;
  let offences: Offences;
  try {
    const ec2 = await context.aws.ec2(accountId, region);
    offences = await listOffences(context, ec2, cell, sweep.readAt);
  } catch (error) {
    const reason = (await context.explain?.(cell, error)) ?? failureOf(error);
    return { kind: 'not-checked', reason };
  }
  const details = await readDetails(context, cell, offences);
  return {
    kind: 'read',
    reading: {
      ...{ ...sweep, accountId, region, policyDigest: context.policyDigest, groups: offences.groups },
      ...judged(context.policy, offences, details),
    },
    notes: details.notes,
    otherOwners: offences.otherOwners,
  };
}

function listOffences(
  { policy, accounts, prefixLists: cache, isCovered }: ReadingContext,
  ec2: EC2Client,
  { accountId, region }: Cell,
  now: Date,
): Promise<Offences> {
  const covered = (owner: string) => owner === accountId || isCovered(owner);
  return readOffences({
    ec2,
    policy,
    situation: { account: accountId, region, ...(accounts && { accounts }), now },
    resolve: (ids) => resolvePrefixLists({ ec2, region, cache, isCovered: covered }, ids),
  });
}

function judged(
  policy: Policy,
  { offending }: Offences,
  details: CellDetails,
): Pick<CellReading, 'findings' | 'undecided'> {
  const findings: CellReading['findings'][number][] = [];
  const undecided: CellReading['undecided'][number][] = [];
  for (const { group, offences } of offending) {
    for (const offence of offences) {
      if (offence.verdict === 'undecided') undecided.push(undecidedOf(group, offence, details));
      else findings.push(findingOf(policy, group, offence, details));
    }
  }
  return { findings, undecided };
}
