import { z } from 'zod';
import { tokenVariables } from './tokens.ts';
import { accessVariables } from './variables/access.ts';
import { coverageVariables } from './variables/coverage.ts';
import { reconcileVariables } from './variables/reconcile.ts';
import { remediationVariables } from './variables/remediation.ts';
import { resourceVariables } from './variables/resources.ts';
import { foreignVariables, serviceVariables } from './variables/service.ts';
import { storageVariables } from './variables/storage.ts';

/** Every variable that this program reads, by the heading of docs/settings.md that it is under. */
export const variableGroups: Readonly<Record<string, Readonly<Record<string, z.ZodType>>>> = {
  'Hub and coverage': coverageVariables,
  'Access to accounts': accessVariables,
  'What every created resource has': resourceVariables,
  'Remediation, notification and verification': remediationVariables,
  'Reconcile and roll-out': reconcileVariables,
  'Database, state and retention': storageVariables,
  'Service and commands': { ...serviceVariables, ...tokenVariables },
  'Read by the AWS SDK and the sandbox': foreignVariables,
};

/** The schema of the environment. Its keys are the list of known variables. */
export const variables = z.object({
  ...coverageVariables,
  ...accessVariables,
  ...resourceVariables,
  ...remediationVariables,
  ...reconcileVariables,
  ...storageVariables,
  ...serviceVariables,
  ...tokenVariables,
  ...foreignVariables,
});
