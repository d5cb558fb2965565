import { z } from 'zod';
import { type Exception, exceptionSchema } from '../../../lambda/policy/schema/exception.ts';
import { PortcullisError } from '../../settings/errors.ts';
import type { RemediationRecord } from '../../store/remediations.ts';
import type { NewRestore } from '../../store/restores.ts';
import { allowing, ipPermissionSchema, type SinglePermission } from './ip-permission.ts';

const { owner, why, ticket, expires, permanent } = exceptionSchema.shape;

export const restoreRequestSchema = z
  .strictObject({
    ...{ owner, why, ticket, expires, permanent },
    rules: z
      .array(z.string().min(1).max(64))
      .min(1)
      .max(200)
      .optional()
      .describe('Ids of the security group rules to put back; left out, all that were revoked'),
  })
  .refine((request) => (request.expires === undefined) !== (request.permanent === undefined), {
    path: ['expires'],
    message: 'write when the exception expires, or permanent: true, and not both',
  })
  .meta({ oneOf: [{ required: ['expires'] }, { required: ['permanent'] }] });

export type RestoreRequest = z.infer<typeof restoreRequestSchema>;
type Finding = RemediationRecord['result']['findings'][number];

interface Asked {
  /** A UUID. */
  readonly id: string;
  readonly by: string;
  readonly at: Date;
}

/**
 * What a restore needs: the rules to put back, and one exception for exactly this group and the protocol, ports and
 * source of each rule. Pure.
 * @throws PortcullisError `invalid-request` for an expiry in the past and for rules of another remediation,
 * `conflict` when nothing can be put back or the result is incomplete
 */
export function planRestore(
  remediation: RemediationRecord,
  request: RestoreRequest,
  asked: Asked,
): NewRestore {
  if (request.expires !== undefined && Date.parse(request.expires) <= asked.at.getTime())
    throw new PortcullisError('invalid-request', `expires: ${request.expires} is in the past`);
  const { eventId, groupId, accountId, region } = remediation;
  const findings = chosen(remediation, request.rules);
  const exception = exceptionFor(findings, remediation, request, asked.id);
  const rules = findings.map(({ ruleId, undo }) => ({ ruleId, undo }));
  return { id: asked.id, eventId, groupId, accountId, region, requestedBy: asked.by, exception, rules };
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
      : `revoked nothing (${outcome}), so there is nothing to put back; to allow the ingress, write an exception into the policy file`;
    throw new PortcullisError('conflict', `remediation ${id} ${nothing}`);
  }
  if (!groupId || !remediation.accountId || !remediation.region)
    throw new PortcullisError(
      'conflict',
      `remediation ${id} does not say which group of which account it changed`,
    );
  if (wanted === undefined) refuseIncomplete(remediation);
  const unknown = wanted?.find((ruleId) => !undoable.some((finding) => finding.ruleId === ruleId));
  if (unknown) {
    const known = undoable.map(({ ruleId }) => ruleId).join(', ');
    const left = result.omitted > 0 ? `; ${result.omitted} more are only in the Lambda's log` : '';
    throw new PortcullisError(
      'invalid-request',
      `rules: ${unknown} is not one of those revoked: ${known}${left}`,
    );
  }
  return undoable.filter(({ ruleId }) => wanted?.includes(ruleId) ?? true);
}

/** A restore of all rules needs a complete result. A request may still name rules. */
function refuseIncomplete({ id, result: { parts, omitted } }: RemediationRecord): void {
  const missing =
    parts === undefined
      ? omitted > 0 && `${omitted} of its findings are only in the Lambda's log`
      : `not all ${parts} parts of its result have arrived; try again in some minutes`;
  if (missing)
    throw new PortcullisError('conflict', `remediation ${id}: ${missing}; or name the rules to put back`);
}

/** Unique, and shows the group and the restore. */
const exceptionName = (groupId: string, restoreId: string): string =>
  `restored-${groupId
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, 40)}-${restoreId.slice(0, 8)}`;

function exceptionFor(
  findings: readonly Undoable[],
  { id, accountId, region, groupId }: RemediationRecord,
  request: RestoreRequest,
  restoreId: string,
): Exception {
  const refuse = (ruleId: string, { issues: [issue] }: z.ZodError) => {
    const text = `remediation ${id}: ${ruleId} cannot be put back: ${issue?.path.join('.')}: ${issue?.message}`;
    return new PortcullisError(
      'conflict',
      `${text}; write an exception into the policy file, then open it by hand`,
    );
  };
  const written = (permissions: readonly SinglePermission[]) =>
    exceptionSchema.safeParse({
      name: exceptionName(groupId, restoreId),
      owner: request.owner,
      why: request.why,
      ticket: request.ticket,
      where: { include: [{ accounts: [accountId], regions: [region], groupIds: [groupId] }] },
      allow: allowing(permissions, accountId),
      ...(request.expires === undefined ? { permanent: true } : { expires: request.expires }),
    });
  const permissions = findings.map(({ ruleId, undo }) => {
    const permission = ipPermissionSchema.safeParse(undo.ipPermission);
    if (!permission.success) throw refuse(ruleId, permission.error);
    // Each alone first, so that an error names its rule.
    const alone = written([permission.data]);
    if (!alone.success) throw refuse(ruleId, alone.error);
    return permission.data;
  });
  const exception = written(permissions);
  if (!exception.success) throw refuse('the group', exception.error);
  return exception.data;
}
