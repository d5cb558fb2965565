import { expect, test } from 'vitest';
import { findingOwner } from '../../../../controlplane/sweep/owner.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';

const policy = parsePolicy(
  'version: 1\nownerTags: [team]\nrules:\n  - { name: any, mode: notify, match: { ports: { any: [22] } } }\n',
);
const opener = {
  principal: 'arn:aws:iam::111111111111:user/eve',
  eventId: 'e',
  eventTime: '2026-11-01T00:00:00.000Z',
};
const group = (tags: Record<string, string>) => ({ id: 'sg-1', name: 'web', vpcId: null, tags });

test.each([
  [
    'the group',
    { team: 'web' },
    { team: 'platform' },
    opener,
    { by: 'group-tag', tag: 'team', value: 'web' },
  ],
  ['the account', {}, { team: 'platform' }, opener, { by: 'account-tag', tag: 'team', value: 'platform' }],
  ['the principal', { other: 'x' }, {}, opener, { by: 'principal', tag: null, value: opener.principal }],
  [
    'the principal where tags are not known',
    {},
    null,
    opener,
    { by: 'principal', tag: null, value: opener.principal },
  ],
  ['no one', {}, null, null, null],
])('the owner is named by %s', (_, tags, accountTags, openedBy, owner) => {
  expect(findingOwner(policy, group(tags as Record<string, string>), accountTags, openedBy)).toEqual(owner);
});
