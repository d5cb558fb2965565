import { permissionOf } from '../policy/rule.ts';
import type { SecurityGroupRule } from '../policy/security-group.ts';
import type { Undo } from './result.ts';

/** What restores a rule; null for a source of unknown form. Such a rule is never revoked. */
export function undoOf(rule: SecurityGroupRule): Undo | null {
  const ipPermission = permissionOf(rule, rule.description);
  if (!ipPermission) return null;
  return { ipPermission, tags: (rule.tags ?? []).map(({ Key, Value }) => ({ Key, Value })) };
}
