import fc from 'fast-check';
import { type Policy, policySchema } from '../../../../lambda/policy/schema/policy.ts';
import { listIds } from './ids.ts';

const some = <Item>(...items: Item[]) =>
  fc.uniqueArray(fc.constantFrom(...items), { minLength: 1, maxLength: 3 });
const maybe = <Item>(arbitrary: fc.Arbitrary<Item>) => fc.option(arbitrary, { nil: undefined });

const protocols = fc.oneof(
  fc.constant(['all']),
  some<string | number>('tcp', 'udp', 'icmp', 'icmpv6', 6, '17', 50, 0, 255),
);
const ports = some<number | string>(
  ...[0, 22, 24, 80, 443],
  ...['79-81', '22-23', '0-65535', '1024-65535', '8000-9000'],
);
const traffic = {
  protocols: maybe(protocols),
  ports: maybe(
    fc.oneof(
      ports.map((any) => ({ any })),
      ports.map((except) => ({ except })),
      fc.constant({ except: [] }),
    ),
  ),
  icmp: maybe(
    fc.oneof(
      fc.constant({ types: 'any' }),
      some(0, 3, 5, 8, 128, 255).map((types) => ({ types })),
    ),
  ),
};
const cidrs = some(
  ...['0.0.0.0/0', '0.0.0.0/1', '128.0.0.0/1', '8.8.0.0/22', '8.8.8.0/21', '10.0.0.0/8', '2.0.0.0/7'],
  ...['::/0', '2000::/3', '2a00:1::/40', 'fc00::/7', '::ffff:0:0/96', '::ffff:8000:0/97'],
);
const limits = fc.record({
  ipv4WiderThan: fc.oneof(fc.integer({ min: 1, max: 32 }), fc.constantFrom(8, 24)),
  ipv6WiderThan: fc.oneof(fc.integer({ min: 1, max: 128 }), fc.constantFrom(16, 48)),
  union: fc.boolean(),
});
const lists = some(...listIds);
const sources = fc.record({
  public: maybe(limits),
  cidrs: maybe(cidrs),
  prefixLists: maybe(lists),
  groupsOfOtherAccounts: maybe(fc.constant(true)),
  addressFamilies: maybe(some('ipv4', 'ipv6')),
});

const selector = fc.oneof(
  some('Production', 'Games', 'ou-1').map((organizationalUnits) => ({ organizationalUnits })),
  some('300000000001', '012345678901').map((accounts) => ({ accounts })),
  some('web', 'def*', '?eb', '*').map((groupNames) => ({ groupNames })),
  fc.constantFrom(
    { groupTags: { exempt: ['y*'] } },
    { groupTags: { exempt: ['*'] }, regions: ['eu-west-1'] },
  ),
);
const selectors = fc.array(selector, { minLength: 1, maxLength: 2 });
const scope = fc.record({ include: maybe(selectors), exclude: maybe(selectors) });

const rule = fc.record({
  match: fc.record({ sources: maybe(sources), ...traffic }),
  scope: maybe(scope),
  mode: fc.constantFrom('observe', 'notify', 'revoke', 'revoke'),
});
/** Half of them allow a lot, so that some rules are excepted as a whole. */
const allowed = fc.oneof(
  fc.record({
    cidrs: maybe(cidrs),
    prefixLists: maybe(lists),
    groupsOfAccounts: maybe(some('300000000002', '300000000009')),
  }),
  fc.constant({ cidrs: ['0.0.0.0/1', '128.0.0.0/1', '::/0'], prefixLists: listIds.slice(0, 2) }),
);
const allow = fc.record({ sources: allowed, ...traffic });
const exception = fc.record({
  where: fc.oneof(
    fc.record({ include: selectors, exclude: maybe(selectors) }),
    fc.constant({ include: [{ groupNames: ['*'] }] }),
  ),
  allow: fc.oneof(allow, fc.array(allow, { minLength: 1, maxLength: 3 })),
  expires: fc.constantFrom('2026-03-02T09:15:10Z', '2026-03-02T09:15:11Z', undefined, undefined),
});

const drop = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each) =>
      each && Object.keys(each).length === 0 && each.constructor === Object ? undefined : each,
    ),
  );

/** Policies of any clauses; those that the grammar refuses are left out. */
export const policyArbitrary: fc.Arbitrary<Policy> = fc
  .record({
    mode: maybe(fc.constantFrom('observe', 'notify', 'revoke')),
    trustAwsPrefixLists: maybe(fc.boolean()),
    rules: fc.array(rule, { minLength: 1, maxLength: 3 }),
    exceptions: fc.array(exception, { maxLength: 2 }),
  })
  .map(({ rules, exceptions, ...rest }) => {
    const facts = { owner: 'o', why: 'w', ticket: 't' };
    const text = drop({
      ...{ version: 1, exceptionTag: 'exempt', ...rest },
      rules: rules.map((each, nth) => ({ ...each, name: `rule-${nth}` })),
      exceptions: exceptions.map((each, nth) => ({
        ...facts,
        ...each,
        name: `exception-${nth}`,
        ...(each.expires ? {} : { permanent: true }),
      })),
    }) as { rules: { match?: object }[] };
    return policySchema.safeParse({ ...text, rules: text.rules.map((each) => ({ match: {}, ...each })) });
  })
  .filter(({ success }) => success)
  .map(({ data }) => data as Policy);
