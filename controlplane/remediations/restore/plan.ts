import { z } from 'zod';
import { type Exception, exceptionSchema } from '../../../lambda/policy/schema/exception.ts';
import { PortcullisError } from '../../settings/errors.ts';
import type { RemediationRecord } from '../../store/remediations.ts';
import type { NewRestore } from '../../store/restores.ts';
import { allowing, ipPermissionSchema } from './ip-permission.ts';

const { owner, why, ticket, expires, permanent } = exceptionSchema.shape;

/** What a person says for the rules to be let in again: an exception's own words, and which rules, if not all. */
export const restoreRequestSchema = z
  .strictObject({
    ...{ owner, why, ticket, expires, permanent },
    rules: z
      .array(z.string().min(1))
      .min(1)
      .optional()
      .describe('Ids of the security group rules to put back; left out, all that were revoked'),
  })
  .refine((request) => (request.expires === undefined) !== (request.permanent === undefined), {
    path: ['expires'],
    message: 'write when the exception expires, or permanent: true, and not both',
  });

export type RestoreRequest = z.infer<typeof restoreRequestSchema>;
type Finding = RemediationRecord['result']['findings'][number];

interface Asked {
  /** The restore's own id, a UUID. */
  readonly id: string;
  readonly by: string;
  readonly at: Date;
}

/**
 * What has to be done to restore a remediation: the rules to put back, and for each an exception for just that group,
 * protocol, ports and source. Pure.
 * @throws PortcullisError `invalid-request` for an expiry in the past and for rules that are not the remediation's,
 *   `conflict` where there is nothing that can be put back.
 */
export function planRestore(
  remediation: RemediationRecord,
  request: RestoreRequest,
  asked: Asked,
): NewRestore {
  if (request.expires !== undefined && Date.parse(request.expires) <= asked.at.getTime())
    throw new PortcullisError('invalid-request', `expires: ${request.expires} is in the past`);
  const { eventId, groupId, accountId, region } = remediation;
  const rules = chosen(remediation, request.rules).map((finding) => {
    const exception = exceptionFor(finding, remediation, request, asked.id);
    return { ruleId: finding.ruleId, undo: finding.undo, exception };
  });
  return { id: asked.id, eventId, groupId, accountId, region, requestedBy: asked.by, rules };
}

type Undoable = Finding & { readonly undo: NonNullable<Finding['undo']> };

/** Results from before `undo` existed lack it. */
const isUndoable = (finding: Finding): finding is Undoable => Boolean(finding.undo);

function chosen(remediation: RemediationRecord, wanted: readonly string[] | undefined): Undoable[] {
  const { id, outcome, groupId, result } = remediation;
  const undoable = result.findings.filter(isUndoable);
  const revoked = result.findings.filter(({ action }) => action === 'revoked' || action === 'narrowed');
  if (undoable.length === 0) {
    const silent = revoked.map(({ ruleId }) => ruleId).join(', ');
    const nothing = silent
      ? `does not say how to put back ${silent}: an earlier version recorded it; write an exception into the policy file, then open the group by hand`
      : `revoked nothing (${outcome}), so there is nothing to put back; to let the ingress be, write an exception into the policy file`;
    throw new PortcullisError('conflict', `remediation ${id} ${nothing}`);
  }
  if (!groupId || !remediation.accountId || !remediation.region)
    throw new PortcullisError(
      'conflict',
      `remediation ${id} does not say which group of which account it closed`,
    );
  const stranger = wanted?.find((ruleId) => !undoable.some((finding) => finding.ruleId === ruleId));
  if (stranger) {
    const known = undoable.map(({ ruleId }) => ruleId).join(', ');
    const left = result.omitted > 0 ? `; ${result.omitted} more are in the Lambda's log alone` : '';
    throw new PortcullisError(
      'invalid-request',
      `rules: ${stranger} is not one of those revoked: ${known}${left}`,
    );
  }
  return undoable.filter(({ ruleId }) => wanted?.includes(ruleId) ?? true);
}

/** Named after the rule and the restore: no two are alike, and whoever reads it finds both. */
const exceptionName = (ruleId: string, restoreId: string): string =>
  `restored-${ruleId
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 40)}-${restoreId.slice(0, 8)}`;

function exceptionFor(
  { ruleId, undo }: Undoable,
  { id, accountId, region, groupId }: RemediationRecord,
  request: RestoreRequest,
  restoreId: string,
): Exception {
  const refuse = (mistake: z.ZodError) => {
    const [issue] = mistake.issues;
    const text = `remediation ${id}: ${ruleId} cannot be put back: ${issue?.path.join('.')}: ${issue?.message}`;
    return new PortcullisError(
      'conflict',
      `${text}; write an exception into the policy file, then open it by hand`,
    );
  };
  const permission = ipPermissionSchema.safeParse(undo.ipPermission);
  if (!permission.success) throw refuse(permission.error);
  const exception = exceptionSchema.safeParse({
    name: exceptionName(ruleId, restoreId),
    owner: request.owner,
    why: request.why,
    ticket: request.ticket,
    where: { include: [{ accounts: [accountId], regions: [region], groupIds: [groupId] }] },
    allow: allowing(permission.data, accountId),
    ...(request.expires === undefined ? { permanent: true } : { expires: request.expires }),
  });
  if (!exception.success) throw refuse(exception.error);
  return exception.data;
}
