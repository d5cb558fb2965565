import { type Route, route } from './route.ts';

const type = 'application/yaml; charset=utf-8';

export const accessRoute: Route = route({
  method: 'get',
  path: '/v1/access-role.yaml',
  summary:
    'The CloudFormation template of the access role, filled in with the trust that these settings need',
  produces: type,
  answers: { 200: 'The template' },
  handle: async ({ accessTemplate }) => ({ status: 200, type, text: await accessTemplate() }),
});
