import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import type { Provider } from '@pulumi/aws/provider.js';
import type { AccountArguments } from './arguments.ts';
import { Forwarding } from './forwarding.ts';
import { busArn, names } from './names.ts';
import {
  forwarderPermissions,
  forwarderTrust,
  remediationPermissions,
  remediationTrust,
} from './policies.ts';
import { boundary, providerFor, tags } from './provider.ts';
import { accountTrail } from './trail.ts';

function role(
  provider: Provider,
  args: AccountArguments,
  definition: { name: string; description: string; trust: string; permissions: string },
): void {
  const made = new Role(
    definition.name,
    {
      name: definition.name,
      description: definition.description,
      assumeRolePolicy: definition.trust,
      ...boundary(args),
      tags: tags('account'),
    },
    { provider },
  );
  new RolePolicy(
    definition.name,
    { name: definition.name, role: made.name, policy: definition.permissions },
    { provider },
  );
}

/**
 * Declares an account's global part: the role that the hub's Lambda assumes, the role that EventBridge forwards with,
 * and a trail when the operator asked for one and nothing else covers the account. In `layout: account` also the
 * forwarding of each Region.
 */
export function account(args: AccountArguments): Record<string, unknown> {
  const { place, hub, organizationId } = args;
  const provider = providerFor(place, hub.region);
  role(provider, args, {
    name: names.remediationRole,
    description: 'Portcullis: assumed by the hub to read security groups and close offending ingress',
    trust: remediationTrust(hub, organizationId),
    permissions: remediationPermissions(place, args),
  });
  role(provider, args, {
    name: names.forwarderRole,
    description: 'Portcullis: used by EventBridge to send events to the org bus',
    trust: forwarderTrust(place.accountId),
    permissions: forwarderPermissions(busArn(hub, names.bus)),
  });
  if (args.trail) accountTrail(provider, place, args.trail);
  for (const cell of args.cells) new Forwarding({ place, hub, cell }, provider);
  return { trails: args.trails };
}
