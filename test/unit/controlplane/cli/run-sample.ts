import type { RunWithStacks } from '../../../../controlplane/cli/client/http.ts';

/** One stack of a run, as the API answers. */
export const stackOf = (key: string, state: string, more: object = {}) =>
  ({
    key,
    state,
    changes: [],
    drift: [],
    message: null,
    wave: 1,
    attempts: 0,
    startedAt: null,
    finishedAt: null,
    ...more,
  }) as RunWithStacks['stacks'][number];
/** A run that has succeeded, with changes. */
export const runOf = (change: Partial<RunWithStacks>): RunWithStacks => ({
  id: 'r',
  kind: 'reconcile',
  scope: {},
  onlyChanged: false,
  requestedBy: 'a test',
  state: 'succeeded',
  message: null,
  createdAt: new Date(0),
  startedAt: new Date(0),
  plannedAt: new Date(0),
  rollout: {},
  priority: 50,
  finishedAt: new Date(0),
  stacks: [],
  ...change,
});
