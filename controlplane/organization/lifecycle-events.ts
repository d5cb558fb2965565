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

/** The fields that an event of each name carries, as AWS documents or shows them. */
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

type Hint = Pick<LifecycleEvent, 'accountId' | 'look'>;

const nothing = (because: string, id?: string): Hint => ({
  accountId: id,
  look: { at: 'nothing', because },
});
const organization = (id?: string): Hint => ({ accountId: id, look: { at: 'organization' } });

/** Tags affect only the hub's bundle; tags of units are not inherited. */
function tagged(detail: unknown): Hint {
  const { resourceId } = details.tags.parse(detail).requestParameters;
  return /^\d{12}$/.test(resourceId)
    ? { accountId: resourceId, look: { at: 'hub' } }
    : nothing('not the tags of an account');
}

function createdOrFailed(state: string, id: string | undefined): Hint {
  if (state.toUpperCase() !== 'SUCCEEDED') return nothing(`the account was not created: ${state}`, id);
  return id ? { accountId: id, look: { at: 'account' } } : organization();
}

/**
 * The account of a membership event. AWS documents its method and time, `joinedMethod: Created | Invited` and
 * `departedMethod: Left | Removed | Cleaned`, but no whole record. So the usual fields are read, and without an id
 * the whole organization is listed.
 */
const memberOf = (detail: unknown): string | undefined =>
  details.membership.safeParse(detail).data?.serviceEventDetails.accountId;

/** Any state counts: the account may have been moved or changed. */
function managedAccount(detail: unknown): { state: string; id: string | undefined } {
  const [status] = Object.values(details.managedAccount.parse(detail).serviceEventDetails);
  return { state: status?.state ?? 'unreadable', id: status?.account.accountId };
}

const readers: Record<string, (detail: unknown, account: string) => Hint> = {
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
  // Published in the account that leaves, which is still in the organization then.
  LeaveOrganization: (_, account) => organization(account),
  AcceptHandshake: () => organization(),
  InviteAccountToOrganization: () => nothing('AccountJoinedOrganization reports an accepted invitation'),
  DeleteOrganization: () => organization(),
  CreateManagedAccount(detail) {
    const { state, id } = managedAccount(detail);
    return createdOrFailed(state, id);
  },
  UpdateManagedAccount(detail) {
    const { id } = managedAccount(detail);
    return id ? { accountId: id, look: { at: 'account' } } : organization();
  },
  // Each of these leads to further events of its own when it succeeds.
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
  EnableRegion: () => nothing('Region Opt-In Status Change reports when it is enabled'),
  DisableRegion: () => nothing('Region Opt-In Status Change reports when it is disabled'),
  PutAccountName: (_, account) => organization(account),
  'Region Opt-In Status Change'(detail) {
    const { accountId: id, regionName, status } = details.optIn.parse(detail);
    return status === 'ENABLED' || status === 'DISABLED'
      ? { accountId: id, look: { at: 'account' } }
      : nothing(`${regionName} is ${status}`, id);
  },
};

/**
 * Reads an EventBridge event of AWS Organizations, Control Tower or Account Management. A known event with unreadable
 * details leads to a listing of the whole organization: an extra hint is cheap, a missed one is not.
 * @throws ZodError when the envelope is unreadable
 */
export function readLifecycleEvent(event: unknown): LifecycleEvent {
  const { id, time, detail, account, 'detail-type': detailType } = envelope.parse(event);
  const name = detail.eventName ?? detailType;
  const base = { id, name, time };
  if (detail.errorCode) return { ...base, ...nothing(`the call failed: ${detail.errorCode}`) };
  const read = readers[name];
  if (!read) return { ...base, ...nothing('not relevant') };
  try {
    return { ...base, ...read(detail, account) };
  } catch (error) {
    if (error instanceof z.ZodError) return { ...base, ...organization() };
    throw error;
  }
}
