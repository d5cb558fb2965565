import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readLifecycleEvent } from '../../../../controlplane/organization/lifecycle-events.ts';

const sample = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../fixtures/lifecycle/${name}.json`, import.meta.url), 'utf8'));
const event = (detail: object, change: object = {}) => ({
  id: '68679d28-343e-d8ec-4a8c-cdd430223a5d',
  source: 'aws.organizations',
  'detail-type': 'AWS Service Event via CloudTrail',
  account: '111122223333',
  time: '2026-01-01T00:00:00Z',
  detail,
  ...change,
});
const read = (given: unknown) => {
  const { accountId, look } = readLifecycleEvent(given);
  return look.at === 'nothing' ? `nothing: ${look.because}` : `${look.at} ${accountId ?? '-'}`;
};
const created = (status: object) =>
  event({ eventName: 'CreateAccountResult', serviceEventDetails: { createAccountStatus: status } });

describe('a sample from AWS', () => {
  test.each([
    ['org-create-account-result.eventbridge', 'account 444455556666'],
    ['org-close-account-result.eventbridge', 'organization 555555555555'],
    ['org-move-account.eventbridge', 'account 999900001111'],
    ['ct-create-managed-account.eventbridge', 'account 444455556666'],
  ])('%s reconciles %s', (name, expected) => {
    expect(read(sample(name))).toBe(expected);
  });

  test.each([
    ['org-create-account-result-failed.record', 'nothing: the account was not created: FAILED'],
    ['org-create-account.record', 'nothing: the account id comes with CreateAccountResult'],
  ])('%s leads to %s', (name, expected) => {
    expect(read(event(sample(name)))).toBe(expected);
  });

  test('keeps its id, name and time', () => {
    expect(readLifecycleEvent(sample('org-move-account.eventbridge'))).toMatchObject({
      id: '579d06ba-c104-8760-5882-bd2a3275791d',
      name: 'MoveAccount',
      time: '2020-07-28T11:35:28Z',
    });
  });
});

describe('an event', () => {
  test.each([
    ['AccountJoinedOrganization', 'organization -'],
    ['AccountDepartedOrganization', 'organization -'],
    ['AcceptHandshake', 'organization -'],
    ['DeleteOrganization', 'organization -'],
    ['RegisterOrganizationalUnit', 'organization -'],
    ['DeregisterOrganizationalUnit', 'organization -'],
    ['SetupLandingZone', 'organization -'],
    ['UpdateLandingZone', 'organization -'],
    ['LeaveOrganization', 'organization 111122223333'],
    ['PutAccountName', 'organization 111122223333'],
    ['InviteAccountToOrganization', 'nothing: AccountJoinedOrganization reports an accepted invitation'],
    ['CreateGovCloudAccount', 'nothing: the account id comes with CreateAccountResult'],
    ['EnableRegion', 'nothing: Region Opt-In Status Change reports when it is enabled'],
    ['DisableRegion', 'nothing: Region Opt-In Status Change reports when it is disabled'],
    ['CreateOrganizationalUnit', 'nothing: not relevant'],
    ['DeleteOrganizationalUnit', 'nothing: not relevant'],
  ])('%s without more reconciles %s', (eventName, expected) => {
    expect(read(event({ eventName }))).toBe(expected);
  });

  test.each<[string, object, string]>([
    [
      'AccountJoinedOrganization',
      { accountId: '300000000001', joinedMethod: 'Invited' },
      'account 300000000001',
    ],
    [
      'AccountJoinedOrganization',
      { accountId: 300000000001, joinedMethod: 'Created' },
      'account 300000000001',
    ],
    ['AccountJoinedOrganization', { membership: { accountId: '300000000001' } }, 'account 300000000001'],
    [
      'AccountDepartedOrganization',
      { accountId: '300000000001', departedMethod: 'Left' },
      'organization 300000000001',
    ],
    [
      'AccountDepartedOrganization',
      { accountId: '300000000001', departedMethod: 'Cleaned' },
      'organization 300000000001',
    ],
    ['AccountDepartedOrganization', { departedMethod: 'Removed' }, 'organization -'],
  ])('%s of %j reconciles %s', (eventName, serviceEventDetails, expected) => {
    expect(read(event({ eventName, serviceEventDetails }))).toBe(expected);
  });

  test.each<[string, string, string]>([
    ['UpdateManagedAccount', 'SUCCEEDED', 'account 300000000001'],
    ['UpdateManagedAccount', 'FAILED', 'account 300000000001'],
    ['CreateManagedAccount', 'FAILED', 'nothing: the account was not created: FAILED'],
  ])('%s that %s reconciles %s', (eventName, state, expected) => {
    const status = { state, account: { accountName: 'a', accountId: '300000000001' } };
    const serviceEventDetails = { [`${eventName.replace(/^[A-Z]/, (c) => c.toLowerCase())}Status`]: status };
    expect(read(event({ eventName, serviceEventDetails }, { source: 'aws.controltower' }))).toBe(expected);
  });

  test.each<[string, object, string]>([
    ['TagResource', { resourceId: '300000000001', tags: [{ key: 'team', value: 'a' }] }, 'hub 300000000001'],
    ['UntagResource', { resourceId: '300000000001', tagKeys: ['team'] }, 'hub 300000000001'],
    ['UpdateOrganizationalUnit', { organizationalUnitId: 'ou-a1b2-c3d4', name: 'Web' }, 'hub -'],
    ['TagResource', { resourceId: 'ou-a1b2-c3d4', tags: [] }, 'nothing: not the tags of an account'],
    ['TagResource', {}, 'organization -'],
  ])('%s of %j reconciles %s', (eventName, requestParameters, expected) => {
    expect(read(event({ eventName, requestParameters }))).toBe(expected);
  });

  test.each(['CloseAccount', 'RemoveAccountFromOrganization'])('%s names its account', (eventName) => {
    const request = { eventName, requestParameters: { accountId: '300000000001' } };
    expect(read(event(request))).toBe('organization 300000000001');
  });

  test('of a call that failed leads to nothing', () => {
    const moved = sample('org-move-account.eventbridge');
    const failed = { ...moved, detail: { ...moved.detail, errorCode: 'AccessDeniedException' } };
    expect(read(failed)).toBe('nothing: the call failed: AccessDeniedException');
  });

  test('that is not known leads to nothing, and keeps its name', () => {
    const other = readLifecycleEvent(event({ eventName: 'EnablePolicyType' }));
    expect(other).toMatchObject({ name: 'EnablePolicyType', look: { at: 'nothing' } });
  });

  test.each([
    ['a new account without an id', created({ state: 'SUCCEEDED' })],
    ['a new account without a status', event({ eventName: 'CreateAccountResult', serviceEventDetails: {} })],
    ['a move without parameters', event({ eventName: 'MoveAccount', requestParameters: null })],
    ['a closing without an account', event({ eventName: 'CloseAccountResult' })],
    [
      'a managed account of another shape',
      event({ eventName: 'CreateManagedAccount', serviceEventDetails: { a: 1 } }),
    ],
  ])('that is known but not readable reconciles the organization: %s', (_, given) => {
    expect(read(given)).toBe('organization -');
  });

  test.each([undefined, 'text', {}, { id: 'x' }, { ...event({}), detail: 'text' }])(
    'without a readable envelope is an error: %j',
    (given) => {
      expect(() => readLifecycleEvent(given)).toThrow();
    },
  );
});

describe('a Region opt-in status change', () => {
  const change = (status: string) =>
    event(
      { accountId: '300000000001', regionName: 'af-south-1', status },
      { source: 'aws.account', 'detail-type': 'Region Opt-In Status Change' },
    );

  test.each(['ENABLED', 'DISABLED'])('to %s reconciles the account', (status) => {
    expect(read(change(status))).toBe('account 300000000001');
  });

  test.each(['ENABLING', 'DISABLING'])('to %s leads to nothing yet', (status) => {
    expect(read(change(status))).toBe(`nothing: af-south-1 is ${status}`);
  });
});
