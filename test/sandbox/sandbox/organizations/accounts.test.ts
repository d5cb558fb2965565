import { IAM } from '@aws-sdk/client-iam';
import { Organizations } from '@aws-sdk/client-organizations';
import { STS } from '@aws-sdk/client-sts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Assembly, assemble } from '../../../../sandbox/assembly.ts';
import { seed } from '../../../../sandbox/seed/organization.ts';
import { createAccount } from './account-creation.ts';
import { listen, refusal, until } from './event-listener.ts';

const management = '111111111111';
const hub = '222222222222';
const member = '300000000002';

let parts: Assembly;
let organizationId: string;
let received: Awaited<ReturnType<typeof listen>>;
const root = (accountId: string, region = 'us-east-1') => ({
  endpoint: parts.endpoint,
  region,
  credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
});
const client = (accountId: string) => new Organizations({ ...root(accountId), maxAttempts: 1 });
const sts = (settings: object) => new STS({ ...root(member), maxAttempts: 1, ...settings });

/** An administrator that is not root, who alone may assume roles. */
async function administrator(accountId: string) {
  const iam = new IAM(root(accountId));
  const UserName = 'administrator';
  await iam.createUser({ UserName });
  const PolicyArn = 'arn:aws:iam::aws:policy/AdministratorAccess';
  await iam.attachUserPolicy({ UserName, PolicyArn });
  const { AccessKey } = await iam.createAccessKey({ UserName });
  const { AccessKeyId = '', SecretAccessKey = '' } = AccessKey ?? {};
  const credentials = { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey };
  return sts({ credentials });
}

const enter = (caller: STS, accountId: string, role = 'OrganizationAccountAccessRole') =>
  caller.assumeRole({ RoleArn: `arn:aws:iam::${accountId}:role/${role}`, RoleSessionName: 'test' });

beforeAll(async () => {
  parts = await assemble();
  organizationId = (await seed(parts.endpoint, parts.organization)).organization.id;
  received = await listen({ root }, management, ['aws.organizations']);
});
afterAll(() => parts.stop());

describe('accounts', () => {
  it('a created account is entered by the management account, after a while, and by no other member', async () => {
    parts.organization.world.delays.readiness = 1500; // time to look at what lies between
    const status = await createAccount(client(management), 'fresh');
    const id = status.AccountId ?? '';
    expect(id).toMatch(/^\d{12}$/);
    const own = sts(root(id));
    expect(await refusal(own.getCallerIdentity({}))).toBe('InvalidClientTokenId');
    const manager = await administrator(management);
    expect(await refusal(enter(manager, id))).toBe('AccessDenied');
    const session = await until(
      () => enter(manager, id).catch(() => undefined),
      (answer) => answer !== undefined,
    );
    expect(session?.AssumedRoleUser?.Arn).toContain(`:${id}:assumed-role/OrganizationAccountAccessRole/`);
    const stranger = await administrator(member);
    expect(await refusal(enter(stranger, id))).toBe('AccessDenied');
    const iam = new IAM(root(id));
    await iam.getRole({ RoleName: 'AWSServiceRoleForCloudTrail' });

    const result = await received(
      (event) => event.detail.serviceEventDetails?.createAccountStatus?.accountId === id,
    );
    expect(result).toMatchObject({
      'detail-type': 'AWS Service Event via CloudTrail',
      source: 'aws.organizations',
      account: management,
      region: 'us-east-1',
      detail: {
        eventName: 'CreateAccountResult',
        userIdentity: { accountId: management, invokedBy: 'AWS Internal' },
        serviceEventDetails: {
          createAccountStatus: { id: status.Id, state: 'SUCCEEDED', accountName: '****' },
        },
      },
    });
    const text = result.detail.serviceEventDetails.createAccountStatus.completedTimestamp;
    expect(text).toMatch(/^[A-Z][a-z]{2} \d{1,2}, \d{4} \d{1,2}:\d\d:\d\d [AP]M$/);
    const joined = await received((event) => event.detail.serviceEventDetails?.accountId === id);
    expect(joined.detail).toMatchObject({
      eventName: 'AccountJoinedOrganization',
      serviceEventDetails: { joinedMethod: 'Created' },
    });
    const call = await received((event) => event.detail.eventName === 'CreateAccount');
    expect(call['detail-type']).toBe('AWS API Call via CloudTrail');
    expect(call.detail.requestParameters).toMatchObject({ email: '****', accountName: '****' });
    expect(call.detail.responseElements.createAccountStatus.state).toBe('IN_PROGRESS');
  });

  it('a second account with the same mail address fails, and the event says why', async () => {
    const status = await createAccount(client(management), 'copy', 'SHOP@example.com');
    expect(status).toMatchObject({ State: 'FAILED', FailureReason: 'EMAIL_ALREADY_EXISTS' });
    const failed = (event: { detail: { serviceEventDetails?: { createAccountStatus?: { id?: string } } } }) =>
      event.detail.serviceEventDetails?.createAccountStatus?.id === status.Id;
    const event = await received(failed);
    const reported = event.detail.serviceEventDetails.createAccountStatus;
    expect(reported).toMatchObject({ state: 'FAILED', failureReason: 'EMAIL_ALREADY_EXISTS' });
    expect(reported).not.toHaveProperty('accountId');
  });

  it('a closed account is pending, then suspended, and refuses calls', async () => {
    const { AccountId = '' } = await createAccount(client(management), 'closing');
    const own = sts(root(AccountId));
    const alive = () => refusal(own.getCallerIdentity({}));
    await until(alive, (code) => code === 'none');
    const caller = client(management);
    parts.organization.world.delays.closure = 1500;
    await caller.closeAccount({ AccountId });
    const state = async () => (await caller.describeAccount({ AccountId })).Account?.State ?? '';
    expect(await state()).toBe('PENDING_CLOSURE');
    await until(state, (now) => now === 'SUSPENDED');
    expect(await alive()).toBe('InvalidClientTokenId');
    const again = caller.closeAccount({ AccountId });
    expect(await refusal(again)).toBe('AccountAlreadyClosedException');
    const own2 = caller.closeAccount({ AccountId: management });
    expect(await refusal(own2)).toBe('ConstraintViolationException');
    const event = await received((one) => one.detail.eventName === 'CloseAccountResult');
    expect(event.detail.serviceEventDetails.closeAccountStatus).toMatchObject({
      accountId: AccountId,
      state: 'SUCCEEDED',
    });
  });

  it('a move needs the true source and another destination', async () => {
    const caller = client(management);
    const root = (await caller.listRoots({})).Roots?.[0]?.Id;
    const made = await caller.createOrganizationalUnit({ ParentId: root, Name: 'Quarantine' });
    const unit = made.OrganizationalUnit?.Id;
    const twice = caller.createOrganizationalUnit({ ParentId: root, Name: 'Quarantine' });
    expect(await refusal(twice)).toBe('DuplicateOrganizationalUnitException');
    const move = (SourceParentId = root, DestinationParentId = unit) =>
      caller.moveAccount({ AccountId: hub, SourceParentId, DestinationParentId });
    expect(await refusal(move('ou-0000-00000000'))).toBe('SourceParentNotFoundException');
    expect(await refusal(move(root, 'ou-0000-00000000'))).toBe('DestinationParentNotFoundException');
    await move();
    expect(await refusal(move())).toBe('DuplicateAccountException');
    const event = await received(
      (one) => one.detail.requestParameters?.accountId === hub && !one.detail.errorCode,
    );
    expect(event.detail).toMatchObject({
      eventName: 'MoveAccount',
      requestParameters: { sourceParentId: root, destinationParentId: unit },
      responseElements: null,
    });
    const failed = await received((one) => one.detail.errorCode === 'DuplicateAccountException');
    expect(failed.detail.eventName).toBe('MoveAccount');
    await move(unit, root);
  });

  it('tags are written, read and removed', async () => {
    const caller = client(management);
    const ResourceId = member;
    const Tags = [{ Key: 'team', Value: 'payments' }];
    await caller.tagResource({ ResourceId, Tags });
    const read = () => caller.listTagsForResource({ ResourceId });
    expect((await read()).Tags).toEqual(Tags);
    await caller.untagResource({ ResourceId, TagKeys: ['team'] });
    expect((await read()).Tags).toEqual([]);
    const event = await received((one) => one.detail.requestParameters?.resourceId === member);
    expect(event.detail).toMatchObject({
      eventName: 'TagResource',
      requestParameters: { tags: [{ key: 'team' }] },
    });
  });
});

describe('invitations', () => {
  it('an invited account joins without an access role, counts as a member, and may leave', async () => {
    const guest = '700000000001';
    const trusting = new IAM(root(hub));
    const trust = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { AWS: '*' },
          Action: 'sts:AssumeRole',
          Condition: { StringEquals: { 'aws:PrincipalOrgID': organizationId } },
        },
      ],
    };
    await trusting.createRole({ RoleName: 'members', AssumeRolePolicyDocument: JSON.stringify(trust) });
    const person = await administrator(guest);
    expect(await refusal(enter(person, hub, 'members'))).toBe('AccessDenied');

    const target = { Id: guest, Type: 'ACCOUNT' as const };
    const invite = () => client(management).inviteAccountToOrganization({ Target: target });
    const HandshakeId = (await invite()).Handshake?.Id;
    expect(await refusal(invite())).toBe('DuplicateHandshakeException');
    const acceptAs = (id: string) => client(id).acceptHandshake({ HandshakeId });
    expect(await refusal(acceptAs(member))).toBe('AccessDeniedException');
    const mine = await client(guest).listHandshakesForAccount({});
    expect(mine.Handshakes?.map((one) => one.Id)).toEqual([HandshakeId]);
    expect((await acceptAs(guest)).Handshake?.State).toBe('ACCEPTED');
    expect(await refusal(acceptAs(guest))).toBe('HandshakeAlreadyInStateException');
    const joined = await received((one) => one.detail.serviceEventDetails?.joinedMethod === 'Invited');
    expect(joined.detail.serviceEventDetails.accountId).toBe(guest);
    expect(await refusal(enter(person, hub, 'members'))).toBe('none');
    const role = new IAM(root(guest)).getRole({ RoleName: 'OrganizationAccountAccessRole' });
    expect(await refusal(role)).toBe('NoSuchEntityException');

    await client(guest).leaveOrganization({});
    const left = await received((one) => one.detail.serviceEventDetails?.departedMethod === 'Left');
    expect(left.detail).toMatchObject({
      eventName: 'AccountDepartedOrganization',
      serviceEventDetails: { accountId: guest },
    });
    expect(await refusal(enter(person, hub, 'members'))).toBe('AccessDenied');
  });

  it('a removed account is not found; the management account cannot be removed', async () => {
    const { AccountId } = await createAccount(client(management), 'leaving');
    const remove = (id = AccountId) => client(management).removeAccountFromOrganization({ AccountId: id });
    await remove();
    expect(await refusal(remove())).toBe('AccountNotFoundException');
    expect(await refusal(remove(management))).toBe('MasterCannotLeaveOrganizationException');
    const departed = await received((one) => one.detail.serviceEventDetails?.departedMethod === 'Removed');
    expect(departed.detail.serviceEventDetails.accountId).toBe(AccountId);
  });
});
