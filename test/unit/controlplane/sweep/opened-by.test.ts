import type { CloudTrailClient } from '@aws-sdk/client-cloudtrail';
import { describe, expect, test } from 'vitest';
import { openingIn, readOpeners } from '../../../../controlplane/sweep/opened-by.ts';

const event = (name: string, ruleIds: string[], more: object = {}) => ({
  CloudTrailEvent: JSON.stringify({
    ...{ eventName: name, eventID: `e-${ruleIds[0]}`, eventTime: '2026-11-01T10:00:00Z' },
    userIdentity: { arn: 'arn:aws:iam::111111111111:user/eve' },
    requestParameters:
      name === 'ModifySecurityGroupRules'
        ? {
            ModifySecurityGroupRulesRequest: {
              SecurityGroupRule: ruleIds.map((id) => ({ SecurityGroupRuleId: id })),
            },
          }
        : { groupId: 'sg-1', ipPermissions: {} },
    responseElements: {
      _return: true,
      securityGroupRuleSet: { items: ruleIds.map((id) => ({ groupId: 'sg-1', securityGroupRuleId: id })) },
    },
    ...more,
  }),
});
const authorize = (...ids: string[]) => event('AuthorizeSecurityGroupIngress', ids);
const modify = (id: string, more: object) => event('ModifySecurityGroupRules', [id], more);

describe('who opened rules, by one event', () => {
  test('the rules that the call made', () => {
    expect(openingIn(authorize('sgr-1', 'sgr-2'))).toEqual({
      ...{ principal: 'arn:aws:iam::111111111111:user/eve', eventId: 'e-sgr-1' },
      ...{ eventTime: '2026-11-01T10:00:00.000Z', ruleIds: ['sgr-1', 'sgr-2'] },
    });
  });

  test('a call that failed opened nothing', () => {
    const failed = event('AuthorizeSecurityGroupIngress', ['sgr-1'], {
      errorCode: 'Client.UnauthorizedOperation',
    });
    expect(openingIn(failed)).toBeUndefined();
  });

  test('a service is named where the identity has no ARN', () => {
    const userIdentity = { invokedBy: 'autoscaling.amazonaws.com' };
    const opening = openingIn(event('AuthorizeSecurityGroupIngress', ['sgr-1'], { userIdentity }));
    expect(opening?.principal).toBe('autoscaling.amazonaws.com');
  });

  test.each([['not JSON'], ['{}'], ['[]'], ['']])(
    'an event of another form is left out: %s',
    (CloudTrailEvent) => {
      expect(openingIn({ CloudTrailEvent })).toBeUndefined();
    },
  );
});

/** Pages of events by the name of the call, and the calls that were made. */
function cloudTrail(pages: Record<string, ReturnType<typeof event>[][]>) {
  const asked: string[] = [];
  const client = {
    send: async ({
      input,
    }: {
      input: { LookupAttributes: { AttributeValue: string }[]; NextToken?: string };
    }) => {
      const name = input.LookupAttributes[0]?.AttributeValue ?? '';
      const at = Number(input.NextToken ?? 0);
      asked.push(`${name} ${at}`);
      const all = pages[name] ?? [];
      return { Events: all[at] ?? [], ...(at + 1 < all.length && { NextToken: String(at + 1) }) };
    },
  };
  return { client: client as unknown as CloudTrailClient, asked };
}

describe('who opened rules, by the event history', () => {
  test('stops when every rule is found, and asks for later edits', async () => {
    const { client, asked } = cloudTrail({
      AuthorizeSecurityGroupIngress: [[authorize('sgr-1')], [authorize('sgr-2')]],
    });
    const openers = await readOpeners(client, new Set(['sgr-1']));
    expect(openers.get('sgr-1')?.eventId).toBe('e-sgr-1');
    expect(asked).toEqual(['AuthorizeSecurityGroupIngress 0', 'ModifySecurityGroupRules 0']);
  });

  test('a later edit names who opened it last', async () => {
    const edit = modify('sgr-1', { eventTime: '2026-11-02T10:00:00Z', userIdentity: { arn: 'arn:later' } });
    const { client } = cloudTrail({
      AuthorizeSecurityGroupIngress: [[authorize('sgr-1')]],
      ModifySecurityGroupRules: [[edit]],
    });
    expect((await readOpeners(client, new Set(['sgr-1']))).get('sgr-1')?.principal).toBe('arn:later');
  });

  test('reads a few pages and no more', async () => {
    const many = Array.from({ length: 50 }, (_, n) => [authorize(`sgr-${n}`)]);
    const edits = many.map((_, n) => [modify(`sgr-${n}`, {})]);
    const { client, asked } = cloudTrail({
      AuthorizeSecurityGroupIngress: many,
      ModifySecurityGroupRules: edits,
    });
    const openers = await readOpeners(client, new Set(['sgr-0', 'sgr-49']));
    expect([...openers.keys()]).toEqual(['sgr-0']);
    expect(asked).toHaveLength(6);
  });

  test('fails as CloudTrail does', async () => {
    const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
    const client = { send: async () => Promise.reject(denied) } as unknown as CloudTrailClient;
    await expect(readOpeners(client, new Set(['sgr-1']))).rejects.toBe(denied);
  });
});
