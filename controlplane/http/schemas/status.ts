import { z } from 'zod';
import { modes } from '../../../lambda/policy/schema/policy.ts';
import type { UninstallView } from '../../offboarding/uninstall.ts';
import type { Confirmation } from '../../store/confirmations.ts';
import type { Counts, FleetStatus, Group, Remark } from '../../store/fleet/status.ts';
import { account, type SchemaOf, textOrNull, time, timeOrNull } from './json.ts';
import { escalation } from './remediation.ts';
import { uninstallSchema } from './uninstall.ts';

/** The answer of `GET /v1/status`. */
export interface FleetStatusView extends FleetStatus {
  readonly policy: {
    readonly mode: (typeof modes)[number];
    readonly digest: string;
    readonly since: Date | null;
    readonly by: string | null;
  };
  readonly protection: {
    readonly cells: number;
    readonly protected: number;
    readonly observed: number;
    readonly notCovered: number;
    readonly notChecked: number;
    readonly accountsNotRead: number;
  };
  /** Null where the installation is not being uninstalled. */
  readonly uninstall: Omit<UninstallView, 'stacks'> | null;
  readonly waiting: readonly Pick<Confirmation, 'id' | 'kind' | 'state' | 'about' | 'why' | 'expiresAt'>[];
}

const counts = z.object({
  accounts: z.int(),
  accountsNotRead: z.int().describe('Active accounts whose Regions were never read'),
  accountsReady: z.int(),
  accountsOutOfScope: z
    .int()
    .describe('Active accounts that the settings leave out; no count has their cells'),
  stacks: z.int(),
  stacksReady: z.int(),
  stacksDrifted: z.int(),
  cells: z.int(),
  covered: z.int().describe('Cells with forwarding and a covering trail'),
  notCovered: z.int(),
  notChecked: z.int().describe('Cells that were not read yet, or could not be read'),
  verified: z.int(),
  notVerified: z.int().describe('Cells whose last verification failed'),
  lastVerifiedAt: timeOrNull,
  earliestVerifiedAt: timeOrNull.describe('The longest ago that a verified cell was verified'),
}) satisfies SchemaOf<Counts>;

const group = counts.extend({
  path: z.string().describe('Names of the organizational units, the topmost first'),
  account: z
    .object({ id: account, name: z.string(), state: z.string() })
    .nullable()
    .describe('Null with more than fifty accounts: the group is an organizational unit then'),
}) satisfies SchemaOf<Group>;

const remark = z.object({
  about: z.string().describe('An account, a stack key, or an account and a Region'),
  what: z.string(),
  message: z.string(),
}) satisfies SchemaOf<Remark>;

const policy = z.object({
  mode: z.enum(modes).describe('The strongest effective mode of any rule'),
  digest: z.string(),
  since: timeOrNull.describe('When it was put in force; null before the hub is reconciled with it'),
  by: textOrNull,
});

const protection = z.object({
  cells: z.int(),
  protected: z.int().describe('Forwarding, a covering trail, and a mode that revokes'),
  observed: z.int().describe('The same with a mode that does not revoke'),
  notCovered: z.int(),
  notChecked: z.int(),
  accountsNotRead: z.int().describe('Accounts whose cells are in no count, because nothing was read yet'),
});

const waiting = z.object({
  id: z.uuid(),
  kind: z.enum(['offboarding', 'policy-mode']),
  state: z.enum(['open', 'confirmed', 'refused', 'expired', 'superseded']),
  about: z.string(),
  why: z.string(),
  expiresAt: time,
});

export const statusSchema = z.object({
  policy,
  uninstall: uninstallSchema
    .omit({ stacks: true })
    .nullable()
    .describe('Null where the installation is not being uninstalled'),
  protection,
  waiting: z.array(waiting).describe('Confirmations that are open, and refusals that stand'),
  total: counts,
  groups: z.array(group),
  moreGroups: z.int().describe('How many groups are left out'),
  remarks: z.array(remark).describe('What is unhealthy, by account'),
  moreRemarks: z.int().describe('How many remarks are left out'),
  warnings: z.array(remark).describe('What is wrong with trails that cover; nothing is missed for it'),
  hub: z.object({ ready: z.string(), message: z.string() }).nullable(),
  escalations: z.array(escalation).describe('Groups with an escalated rule that is open, the longest first'),
  openEscalations: z.int(),
}) satisfies SchemaOf<FleetStatusView>;
