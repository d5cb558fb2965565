import type { ConditionType } from '../../stacks/conditions.ts';
import type { Condition, Filter } from './page.ts';

/** Filters of accounts, stacks and cells. `organizationalUnit`: a unit or the root, with accounts at any depth below it. */
export interface FleetFilter extends Filter<'account' | 'region' | 'organizationalUnit'> {
  readonly condition?: { readonly type: ConditionType; readonly status: string } | undefined;
}

/** Rows with a column `account_id` whose account is below a unit. */
export const accountBelow = (unit: string | undefined): Condition => [
  'account_id in (select id from account where parents ? $value)',
  unit,
];

/** Rows with a column `conditions` in which a condition has a status. A condition that was never set is `Unknown`. */
export const conditionIs = (condition: FleetFilter['condition']): Condition => [
  `coalesce(conditions->($value::jsonb->>'type')->>'status', 'Unknown') = $value::jsonb->>'status'`,
  condition && JSON.stringify(condition),
];
