import { readFileSync } from 'node:fs';
import type { Accounts } from '../../../../lambda/policy/account-facts.ts';
import { parsePolicy } from '../../../../lambda/policy/parse.ts';
import type { Policy } from '../../../../lambda/policy/schema/policy.ts';
import { policyOf, worldOpen } from '../../../worlds/policy-sample.ts';

const shipped = readFileSync(new URL('../../../../lambda/policy.yaml', import.meta.url), 'utf8');
const worldwide = 'public: { ipv4WiderThan: 8, ipv6WiderThan: 16 }';

/** Every clause of the grammar, in rules of every mode, with exceptions that count, do not, and may. */
const elaborate = `
version: 1
exceptionTag: exempt
trustAwsPrefixLists: true
rules:
  - name: partner
    match: { sources: { cidrs: [8.8.0.0/22, "2a00:1::/40"], prefixLists: [pl-00000000000000003] }, ports: { any: [22, 3000-3010] } }
    mode: notify
  - name: snmp
    match: { protocols: [udp], ports: { any: [161] } }
    mode: revoke
  - name: foreign
    match: { protocols: [tcp, 50], sources: { groupsOfOtherAccounts: true } }
    mode: revoke
  - name: types
    match: { protocols: [icmp, icmpv6], icmp: { types: [5, 8] }, sources: { ${worldwide} } }
    mode: revoke
  - name: everything
    match: { protocols: [all], sources: { public: { ipv4WiderThan: 24, ipv6WiderThan: 48 }, addressFamilies: [ipv4] } }
    scope: { exclude: [{ groupNames: ["def*"] }] }
    mode: revoke
  - name: units
    match: { ports: { any: [443] }, sources: { ${worldwide} } }
    scope: { include: [{ organizationalUnits: [Production] }, { groupTags: { stage: [prod*] } }] }
    mode: revoke
  - name: rest
    match: { ports: { except: [80, 443] }, sources: { ${worldwide} } }
    mode: revoke
exceptions:
  - { name: asked, owner: o, why: w, ticket: t, permanent: true, where: { include: [{ groupTags: { exempt: ["yes"] } }] }, allow: { protocols: [tcp], ports: { any: [22-23] }, sources: { cidrs: [0.0.0.0/1, 128.0.0.0/1] } } }
  - { name: alive, owner: o, why: w, ticket: t, expires: 2026-03-02T10:00:00Z, where: { include: [{ regions: [eu-west-1] }] }, allow: { ports: { any: [24, 3389] }, sources: { cidrs: [0.0.0.0/0, "::/0"], prefixLists: [pl-00000000000000002], groupsOfAccounts: ["300000000009"] } } }
  - { name: over, owner: o, why: w, ticket: t, expires: 2026-03-02T09:15:10Z, where: { include: [{ regions: [eu-west-1] }] }, allow: { ports: { any: [0-65535] }, sources: { cidrs: [0.0.0.0/0, "::/0"] } } }
  - { name: unsure, owner: o, why: w, ticket: t, permanent: true, where: { include: [{ organizationalUnits: [Games] }] }, allow: { protocols: [udp], ports: { any: [8000-9000] }, sources: { cidrs: [0.0.0.0/0, "::/0"] } } }
`;

const small = (union: boolean) =>
  policyOf([`match: { sources: { public: { ipv4WiderThan: 24, ipv6WiderThan: 48, union: ${union} } } }`]);

const narrowing = policyOf([
  `match: { sources: { ${worldwide} }, ports: { except: [443] } }, narrowTo: [8.8.4.0/24, 198.51.100.0/24, "2a00:1::/48"]`,
]);

/** The policies that the Lambda is tried with. */
export const policies = new Map<string, Policy>([
  ['world-open', parsePolicy(worldOpen)],
  ['as shipped, in mode revoke', { ...parsePolicy(shipped), mode: 'revoke' }],
  ['as shipped', parsePolicy(shipped)],
  ['in mode notify', { ...parsePolicy(worldOpen), mode: 'notify' }],
  ['of every clause', parsePolicy(elaborate)],
  ['of small ranges together', small(true)],
  ['of small ranges singly', small(false)],
  ['that narrows', narrowing],
]);

/** What the organization says of its accounts: of one of them nothing. */
export const accounts: Accounts = {
  '300000000001': { organizationalUnits: ['ou-1', 'Production'], tags: {} },
  '012345678901': { organizationalUnits: ['ou-2', 'Games'], tags: {} },
};
