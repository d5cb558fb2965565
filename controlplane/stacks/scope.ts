import { z } from 'zod';

/** Names per list; use an organizational unit or several requests for more. */
const most = 200;

/** The scope of a run: empty is the whole organization, and the parts narrow each other. */
export const scopeSchema = z.strictObject({
  accounts: z
    .array(z.string().regex(/^\d{12}$/, 'must be a 12-digit account id'))
    .min(1)
    .max(most)
    .optional(),
  organizationalUnits: z
    .array(
      z
        .string()
        .max(68)
        .regex(/^(ou|r)-[0-9a-z-]+$/, 'must be the id of an organizational unit (ou-…) or root (r-…)'),
    )
    .min(1)
    .max(most)
    .optional(),
  regions: z.array(z.string().min(1).max(64)).min(1).max(most).optional(),
});

export type Scope = z.infer<typeof scopeSchema>;

/** Only the hub. Not available to callers of the API. */
export const hubAlone: Scope = { accounts: [] };

export const isWholeOrganization = (scope: Scope): boolean =>
  !scope.accounts && !scope.organizationalUnits && !scope.regions;
