import { z } from 'zod';
import type { LifecycleEvent } from '../store/lifecycle-events.ts';

const accountId = z.union([z.string(), z.number()]).transform((id) => String(id).padStart(12, '0'));

const envelope = z.object({
  id: z.string(),
  source: z.string(),
  'detail-type': z.string(),
  account: accountId,
  time: z.string(),
  detail: z.looseObject({ eventName: z.string().optional(), errorCode: z.string().nullish() }),
});

/** The part of a detail that an event of each name carries, as AWS documents or shows it. */
const details = {
  createAccountStatus: z.object({
    serviceEventDetails: z.object({
      createAccountStatus: z.object({
        state: z.string(),
        accountId: z.string().optional(),
        failureReason: z.string().optional(),
      }),
    }),
  }),
  closeAccountStatus: z.object({
    serviceEventDetails: z.object({
      closeAccountStatus: z.object({ state: z.string(), accountId: z.string() }),
    }),
  }),
  managedAccount: z.object({
    serviceEventDetails: z.record(
      z.string(),
      z.object({ state: z.string(), account: z.object({ accountId }) }),
    ),
  }),
  membership: z.object({
    serviceEventDetails: z.union([
      z.looseObject({ accountId }),
      z.record(z.string(), z.looseObject({ accountId })).transform((parts) => {
        const [part] = Object.values(parts);
        return { accountId: part?.accountId };
      }),
    ]),
  }),
  request: z.object({ requestParameters: z.looseObject({ accountId: z.string() }) }),
  tags: z.object({ requestParameters: z.looseObject({ resourceId: z.string() }) }),
  optIn: z.object({ accountId: z.string(), regionName: z.string(), status: z.string() }),
};

type Look = Pick<LifecycleEvent, 'accountId' | 'look'>;

const nothing = (because: string, id?: string): Look => ({ accountId: id, look: { at: 'nothing', because } });
const organization = (id?: string): Look => ({ accountId: id, look: { at: 'organization' } });

/** Only what the hub's bundle knows of an account changes by its tags; those of units are not inherited. */
function tagged(detail: unknown): Look {
  const { resourceId } = details.tags.parse(detail).requestParameters;
  return /^\d{12}$/.test(resourceId)
    ? { accountId: resourceId, look: { at: 'hub' } }
    : nothing('tags of no account');
}

function createdOrFailed(state: string, id: string | undefined): Look {
  if (state.toUpperCase() !== 'SUCCEEDED') return nothing(`the account was not created: ${state}`, id);
  return id ? { accountId: id, look: { at: 'account' } } : organization();
}

/**
 * Whom an event of membership is about. AWS documents its method and time, `joinedMethod: Created | Invited` and
 * `departedMethod: Left | Removed | Cleaned`, and prints no whole record; so the id is looked for where such details
 * have it, and without one the whole organization is looked at.
 */
const memberOf = (detail: unknown): string | undefined =>
  details.membership.safeParse(detail).data?.serviceEventDetails.accountId;

/** Control Tower's word on an account: whatever came of it, the account may have been moved or changed. */
function managedAccount(detail: unknown): { state: string; id: string | undefined } {
  const [status] = Object.values(details.managedAccount.parse(detail).serviceEventDetails);
  return { state: status?.state ?? 'unreadable', id: status?.account.accountId };
}

const readers: Record<string, (detail: unknown, account: string) => Look> = {
  CreateAccountResult(detail) {
    const { createAccountStatus: status } = details.createAccountStatus.parse(detail).serviceEventDetails;
    return createdOrFailed(status.state, status.accountId);
  },
  CloseAccountResult: (detail) =>
    organization(details.closeAccountStatus.parse(detail).serviceEventDetails.closeAccountStatus.accountId),
  AccountJoinedOrganization(detail) {
    const id = memberOf(detail);
    return id ? { accountId: id, look: { at: 'account' } } : organization();
  },
  AccountDepartedOrganization: (detail) => organization(memberOf(detail)),
  // In the account that leaves or joins; the one that joins says nothing here yet, the one that leaves does still.
  LeaveOrganization: (_, account) => organization(account),
  AcceptHandshake: () => organization(),
  InviteAccountToOrganization: () =>
    nothing('AccountJoinedOrganization tells when an invitation is accepted'),
  DeleteOrganization: () => organization(),
  CreateManagedAccount(detail) {
    const { state, id } = managedAccount(detail);
    return createdOrFailed(state, id);
  },
  UpdateManagedAccount(detail) {
    const { id } = managedAccount(detail);
    return id ? { accountId: id, look: { at: 'account' } } : organization();
  },
  // These enrol, move or make accounts, each told of by an event of its own where all goes well.
  RegisterOrganizationalUnit: () => organization(),
  DeregisterOrganizationalUnit: () => organization(),
  SetupLandingZone: () => organization(),
  UpdateLandingZone: () => organization(),
  MoveAccount: (detail) => ({
    accountId: details.request.parse(detail).requestParameters.accountId,
    look: { at: 'account' },
  }),
  CloseAccount: (detail) => organization(details.request.parse(detail).requestParameters.accountId),
  RemoveAccountFromOrganization: (detail) =>
    organization(details.request.parse(detail).requestParameters.accountId),
  TagResource: tagged,
  UntagResource: tagged,
  UpdateOrganizationalUnit: () => ({ accountId: undefined, look: { at: 'hub' } }),
  CreateAccount: () => nothing('the account id comes with CreateAccountResult'),
  CreateGovCloudAccount: () => nothing('the account id comes with CreateAccountResult'),
  EnableRegion: () => nothing('Region Opt-In Status Change tells when it is enabled'),
  DisableRegion: () => nothing('Region Opt-In Status Change tells when it is disabled'),
  PutAccountName: (_, account) => organization(account),
  'Region Opt-In Status Change'(detail) {
    const { accountId: id, regionName, status } = details.optIn.parse(detail);
    return status === 'ENABLED' || status === 'DISABLED'
      ? { accountId: id, look: { at: 'account' } }
      : nothing(`${regionName} is ${status}`, id);
  },
};

/**
 * Reads an EventBridge event of AWS Organizations, Control Tower or Account Management. An event that is known by
 * name but not readable makes the whole organization be looked at: a hint too many is cheap, one too few is not.
 * @throws ZodError where the envelope itself is unreadable.
 */
export function readLifecycleEvent(event: unknown): LifecycleEvent {
  const { id, time, detail, account, 'detail-type': detailType } = envelope.parse(event);
  const name = detail.eventName ?? detailType;
  const base = { id, name, time };
  if (detail.errorCode) return { ...base, ...nothing(`the call failed: ${detail.errorCode}`) };
  const read = readers[name];
  if (!read) return { ...base, ...nothing('of no consequence here') };
  try {
    return { ...base, ...read(detail, account) };
  } catch (error) {
    if (error instanceof z.ZodError) return { ...base, ...organization() };
    throw error;
  }
}
