import { permissionOf } from '../policy/rule.ts';
import type { SecurityGroupRule } from '../policy/security-group.ts';
import type { Undo } from './result.ts';

/** What puts a rule back; null for a source of unknown shape, and such a rule is never revoked. */
export function undoOf(rule: SecurityGroupRule): Undo | null {
  const ipPermission = permissionOf(rule, rule.description);
  if (!ipPermission) return null;
  return { ipPermission, tags: (rule.tags ?? []).map(({ Key, Value }) => ({ Key, Value })) };
}
