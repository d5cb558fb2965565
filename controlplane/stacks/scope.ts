import { z } from 'zod';

/** Names in one list at most; more are an organizational unit, or several requests. */
const most = 200;

/** What a run is about; an empty scope is the whole organization. The parts narrow each other. */
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

/** No account at all: a run about the hub alone. Callers of the API cannot ask for it. */
export const hubAlone: Scope = { accounts: [] };

export const isWholeOrganization = (scope: Scope): boolean =>
  !scope.accounts && !scope.organizationalUnits && !scope.regions;
