import { readdirSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEvent } from '../../../../lambda/event/read.ts';
import { toolOf } from '../../../../lambda/event/tool.ts';
import { ingressPattern } from '../../../../programs/pattern.ts';
import { fixture, groupId, prefixListId, ssh } from '../../../worlds/lambda.ts';

const read = (event: unknown) =>
  readEvent(event, { remediationRole: 'portcullis-remediation', tagKeys: new Set(['exempt']) });
/** A fixture with changes of its detail. */
function withDetail(name: string, change: object) {
  const event = fixture(name);
  return { ...event, detail: { ...(event.detail as object), ...change } };
}

const [one, two, three] = ['sgr-00000000000000001', 'sgr-00000000000000002', 'sgr-00000000000000003'];
const group = { groupIds: [groupId], groupName: null };

const inspections = new Map<string, object>([
  ['authorize-nested', { ...group, ruleIds: [one] }],
  ['authorize-flat', { ...group, ruleIds: [one] }],
  ['authorize-flat-by-name', { groupIds: [groupId], groupName: 'web', ruleIds: [one] }],
  ['authorize-by-name-without-rule-set', { groupIds: [], groupName: 'web', ruleIds: [] }],
  ['authorize-without-rule-set', { ...group, ruleIds: [] }],
  ['authorize-request-omitted', { ...group, ruleIds: [one] }],
  ['authorize-wrapped', { ...group, ruleIds: [one] }],
  ['authorize-all-protocols-account-as-number', { ...group, ruleIds: [one, two] }],
  ['authorize-account-as-short-number', { ...group, ruleIds: [one] }],
  ['authorize-mixed', { ...group, ruleIds: [one, two, three] }],
  ['authorize-icmp', { ...group, ruleIds: [one] }],
  ['authorize-prefix-list', { ...group, ruleIds: [one] }],
  ['authorize-source-group', { ...group, ruleIds: [one] }],
  ['authorize-duplicate', { ...group, ruleIds: [] }],
  ['authorize-by-cloudformation', { ...group, ruleIds: [one] }],
  ['authorize-by-terraform', { ...group, ruleIds: [one] }],
  ['authorize-by-namesake-role-elsewhere', { ...group, ruleIds: [one] }],
  ['authorize-by-own-role', { ...group, ruleIds: [one] }],
  ['authorize-names-nothing', { groupIds: [], groupName: null, prefixListId: null, ruleIds: [] }],
  ['modify-without-group', { groupIds: [], groupName: null, prefixListId: null }],
  ['authorize-rule-tags', { ...group, ruleIds: [one] }],
  ['authorize-default-group-by-name', { groupName: 'default' }],
  ['authorize-group-of-another-owner', { ...group, ruleIds: [one] }],
  ['authorize-both-omitted', { groupIds: [], groupName: null, prefixListId: null, ruleIds: [] }],
  ['authorize-ipv6-all-protocols', { ...group, ruleIds: [one] }],
  ['authorize-two-halves', { ...group, ruleIds: [one, two] }],
  ['modify-duplicate', { ...group, ruleIds: [one] }],
  ['prefix-list-restored', { groupIds: [], prefixListId }],
  ['authorize-server-error', { ...group, ruleIds: [] }],
  ['resolver-target-created', { groupIds: [], prefixListId, prefixListRegion: 'eu-west-1' }],
  ['resolver-target-modified', { groupIds: [], prefixListId, prefixListRegion: 'eu-west-1' }],
  [
    'resolver-modified',
    { groupIds: [], prefixListId: null, resolverId: 'ipam-pl-resolver-0a1b2c3d4e5f60001' },
  ],
  ['prefix-list-edit-omitted', { groupIds: [], groupName: null, prefixListId: null }],
  ['tags-created', { groupIds: [groupId] }],
  ['tags-deleted', { groupIds: [groupId] }],
  ['tags-deleted-all', { groupIds: [groupId] }],
  ['modify-wrapped-one', { ...group, ruleIds: [one] }],
  ['modify-wrapped-several', { ...group, ruleIds: [one, two] }],
  ['modify-plain', { ...group, ruleIds: [one] }],
  ['prefix-list-edited', { groupIds: [], groupName: null, prefixListId, ruleIds: [] }],
]);

const refusals = new Map<string, ['ignored' | 'undecided', RegExp]>([
  ['authorize-dry-run', ['ignored', /Client.DryRunOperation/]],
  ['authorize-unauthorized', ['ignored', /Client.UnauthorizedOperation/]],
  ['descriptions-updated', ['ignored', /a description allows no traffic/]],
  ['authorize-egress', ['ignored', /egress is not evaluated/]],
  ['revoke-ingress', ['ignored', /a revoke allows no traffic/]],
]);

const exempt = { groupId, key: 'exempt', value: 'yes' };
const notes = new Map<string, object[]>([
  ['tags-created-of-no-concern', []],
  ['group-created', []],
  ['group-created-tagged', [exempt]],
]);

describe('an event', () => {
  it('has a test for each fixture', () => {
    const files = readdirSync(new URL('../../../fixtures/events/', import.meta.url)).map((file) =>
      file.replace('.json', ''),
    );
    expect(files.sort()).toEqual([...inspections.keys(), ...refusals.keys(), ...notes.keys()].sort());
  });

  it.each([...inspections])('%s requires an inspection of what it names', (name, subject) => {
    expect(read(fixture(name))).toMatchObject({ kind: 'inspect', subject });
  });

  it.each([...refusals])('%s requires none, with the reason', (name, [kind, reason]) => {
    expect(read(fixture(name))).toMatchObject({ kind, reason: expect.stringMatching(reason) });
  });

  it.each([...notes])('%s requires none, and no one is notified', (name, tagChanges) => {
    expect(read(fixture(name))).toMatchObject({ kind: 'noted', tagChanges });
  });

  it.each([
    ['tags-created', [exempt]],
    ['tags-deleted', [{ ...exempt, value: null }]],
    ['tags-deleted-all', [{ ...exempt, value: null }]],
  ])('%s reports only the tags that the policy reads', (name, tagChanges) => {
    expect(read(fixture(name))).toMatchObject({ tagChanges });
  });

  it('gives account and Region from its envelope, not from its detail', () => {
    const event = withDetail('authorize-nested', {
      recipientAccountId: '999999999999',
      awsRegion: 'us-east-1',
    });
    expect(read(event).call).toMatchObject({ account: '300000000001', region: 'eu-west-1' });
  });

  it('may have its account as a number, leading zeros lost', () => {
    expect(read(fixture('authorize-all-protocols-account-as-number')).call.account).toBe('300000000001');
    expect(read(fixture('authorize-account-as-short-number')).call.account).toBe('012345678901');
  });

  it('names the caller, the address and the tool', () => {
    expect(read(fixture('authorize-by-terraform')).call.actor).toEqual({
      principal: 'arn:aws:sts::300000000001:assumed-role/Developer/alice@example.com',
      session: 'alice@example.com',
      sourceIp: '192.0.2.44',
      userAgent: expect.stringContaining('Terraform/1.13.0'),
      tool: toolOf({ userAgent: 'Terraform/1.13.0', invokedBy: null }),
    });
  });

  it('with an unreadable caller is inspected', () => {
    const unreadable = { userIdentity: 'not an object', userAgent: 7, sourceIPAddress: null };
    const actor = { principal: null, userAgent: null };
    expect(read(withDetail('authorize-nested', unreadable))).toMatchObject({
      kind: 'inspect',
      call: { actor },
    });
  });

  it.each(['requestParameters', 'responseElements'])('is inspected without %s', (key) => {
    expect(read(withDetail('authorize-nested', { [key]: undefined }))).toMatchObject({
      kind: 'inspect',
      subject: group,
    });
  });

  it.each([
    ['account', { account: '30000000000x' }],
    ['account', { account: -1 }],
    ['region', { region: 'eu-west-1.evil.example' }],
    ['source', { source: 'custom.ec2' }],
    ['detail', { detail: null }],
    ['id', { id: '' }],
    ['detail.eventName', { detail: { eventSource: 'ec2.amazonaws.com' } }],
  ])('with a wrong %s is undecided and named', (field, change) => {
    const reading = read({ ...ssh, ...change });
    expect(reading).toMatchObject({ kind: 'undecided', reason: expect.stringContaining(field) });
  });

  it.each([null, undefined, 7, 'text', [], {}])('that is %j is undecided, with an id of its own', (event) => {
    expect(read(event)).toMatchObject({
      kind: 'undecided',
      call: { eventId: expect.stringMatching(/^unreadable-/), account: '' },
    });
  });

  it('never names an invalid group id, or a group that is only a source', () => {
    const responseElements = { securityGroupRuleSet: { items: [{ groupId: '../x' }, null, 3] } };
    expect(read(withDetail('authorize-source-group', { responseElements }))).toMatchObject({
      subject: { groupIds: [groupId], ruleIds: [] },
    });
  });

  it.each([
    [{ prefixListId: 'pl-1' }, null, 'pl-1'],
    [null, { prefixList: { prefixListId: 'pl-2' } }, 'pl-2'],
    [{ ModifyManagedPrefixListRequest: { PrefixListId: '../x' } }, null, null],
    [null, null, null],
  ])(
    'of an edited prefix list names it in request %j or response %j',
    (requestParameters, responseElements, id) => {
      const event = withDetail('prefix-list-edited', { requestParameters, responseElements });
      expect(read(event)).toMatchObject({ kind: 'inspect', subject: { prefixListId: id, groupIds: [] } });
    },
  );

  it('of each call that is forwarded is read without an exception for any parameters', () => {
    const names = fc.constantFrom(...ingressPattern.detail.$or.flatMap(({ eventName }) => eventName));
    fc.assert(
      fc.property(names, fc.jsonValue(), fc.jsonValue(), (eventName, requestParameters, responseElements) => {
        const event = withDetail('authorize-nested', { eventName, requestParameters, responseElements });
        expect(['inspect', 'noted']).toContain(read(event).kind);
      }),
    );
  });
});
