import type * as z from 'zod';
import { createdRulesIn, editsIn, type Fields, permissionsIn } from '../../../lambda/event/record.ts';
import { openingsOf, ruleOf, ruleWithoutId } from '../../../lambda/policy/rule.ts';
import type { SecurityGroupRule } from '../../../lambda/policy/security-group.ts';
import { listedRuleSchema, permissionSchema } from './listed.ts';

/** The rules that a call asks for, as the event tells it; another party may have written the event. */
export interface Asked {
  readonly rules: readonly SecurityGroupRule[];
  readonly from: 'request' | 'response';
  /** How many of those asked for could not be read. */
  readonly unreadable: number;
}

/** The event's group is the rules' group. */
const ruleSchema = listedRuleSchema.omit({ GroupId: true, GroupOwnerId: true, SecurityGroupRuleArn: true });

/** What AuthorizeSecurityGroupIngress and ModifySecurityGroupRules ask for; nothing for any other call. */
export function askedBy(eventName: string, groupId: string, request: unknown, response: unknown): Asked {
  if (eventName === 'ModifySecurityGroupRules') {
    const edits = editsIn(request).map(({ id, rule }) => ({
      ...rule,
      ...{ SecurityGroupRuleId: id, IsEgress: false },
    }));
    return asked('request', edits, ruleSchema, (each) => [ruleOf({ ...each, GroupId: groupId })]);
  }
  if (eventName !== 'AuthorizeSecurityGroupIngress') return { rules: [], from: 'request', unreadable: 0 };
  const permissions = permissionsIn(request);
  if (permissions.length > 0)
    return asked('request', permissions, permissionSchema, (each) =>
      openingsOf(each).map((opening) => ruleWithoutId(groupId, opening)),
    );
  // CloudTrail leaves over-long requests out; the response lists the rules that came of them.
  return asked('response', createdRulesIn(response), ruleSchema, (each) =>
    each.IsEgress ? [] : [ruleOf({ ...each, GroupId: groupId })],
  );
}

function asked<Schema extends z.ZodType>(
  from: Asked['from'],
  given: readonly Fields[],
  schema: Schema,
  rulesOf: (item: z.infer<Schema>) => SecurityGroupRule[],
): Asked {
  const read = given.flatMap((each) => schema.safeParse(each).data ?? []);
  return { from, rules: read.flatMap(rulesOf), unreadable: given.length - read.length };
}
