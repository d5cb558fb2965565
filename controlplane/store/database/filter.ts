import type { ConditionType } from '../../stacks/conditions.ts';
import type { Condition, Filter } from './page.ts';

/** Filters of what the fleet is made of. `organizationalUnit`: a unit or the root, with accounts however deep below it. */
export interface FleetFilter extends Filter<'account' | 'region' | 'organizationalUnit'> {
  readonly condition?: { readonly type: ConditionType; readonly status: string } | undefined;
}

/** Rows with a column `account_id` whose account is below a unit. */
export const accountBelow = (unit: string | undefined): Condition => [
  'account_id in (select id from account where parents ? $value)',
  unit,
];

/** Rows with a column `conditions` in which a condition has a status. One that was never set is not known. */
export const conditionIs = (condition: FleetFilter['condition']): Condition => [
  `coalesce(conditions->($value::jsonb->>'type')->>'status', 'Unknown') = $value::jsonb->>'status'`,
  condition && JSON.stringify(condition),
];
