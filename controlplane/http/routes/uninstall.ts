import { z } from 'zod';
import { uninstallSchema } from '../schemas/uninstall.ts';
import { ok, type Route, route } from './route.ts';

const answers = {
  200: 'How far the uninstall is',
  400: 'The body names the field that is wrong',
  409: 'The organization was never read, or the installation was not uninstalled',
};

/** The removal of everything that this installation made, and its end. */
export const uninstallRoutes: readonly Route[] = [
  route({
    method: 'get',
    path: '/v1/uninstall',
    summary: 'How far the removal of this installation is, and what could not be removed',
    role: 'viewer',
    costly: true,
    returns: uninstallSchema,
    answers: { 200: answers[200] },
    handle: async ({ offboarding }) => ok(await offboarding.uninstallView()),
  }),
  route({
    method: 'post',
    path: '/v1/uninstall',
    summary:
      'Stop reconciling, then remove every stack of every account, the hub last; again: retry what is left',
    role: 'admin',
    whileUninstalled: true,
    body: z.strictObject({
      confirm: z
        .string()
        .regex(/^o-[a-z0-9]{10,32}$/, 'write the id of the organization, o-…')
        .describe('The id of the organization, which says that everything is to be removed from it'),
    }),
    returns: uninstallSchema,
    answers,
    handle: async ({ offboarding }, { body: { confirm }, caller }) =>
      ok(await offboarding.requestUninstall(confirm, caller)),
  }),
  route({
    method: 'post',
    path: '/v1/reinstall',
    summary: 'End an uninstall: the installation reconciles again and makes what was removed',
    role: 'admin',
    whileUninstalled: true,
    body: z.strictObject({ confirm: z.literal('reinstall', 'write "reinstall"') }),
    returns: uninstallSchema,
    answers,
    handle: async ({ offboarding }, { caller }) => ok(await offboarding.requestReinstall(caller)),
  }),
];
