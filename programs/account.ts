import type { AccountArguments } from './arguments.ts';
import { Forwarding } from './forwarding.ts';
import { busArn, names } from './names.ts';
import {
  forwarderPermissions,
  forwarderTrust,
  remediationPermissions,
  remediationTrust,
} from './policies.ts';
import { providerFor } from './provider.ts';
import { declareRole } from './role.ts';
import { accountTrail } from './trail.ts';

/**
 * Declares an account's global part: the role that the hub's Lambda assumes, the role that EventBridge forwards with,
 * and a trail when the operator asked for one and nothing else covers the account. In `layout: account` also the
 * forwarding of each Region.
 */
export function account(args: AccountArguments): Record<string, unknown> {
  const { place, hub, organizationId } = args;
  const provider = providerFor(place, hub.region);
  declareRole(provider, args, {
    stack: 'account',
    name: names.remediationRole,
    description: 'Portcullis: assumed by the hub to read security groups and close offending ingress',
    trust: remediationTrust(hub, organizationId),
    permissions: remediationPermissions(place, args),
  });
  declareRole(provider, args, {
    stack: 'account',
    name: names.forwarderRole,
    description: 'Portcullis: used by EventBridge to send events to the org bus',
    trust: forwarderTrust(place.accountId),
    permissions: forwarderPermissions(busArn(hub, names.bus)),
  });
  if (args.trail) accountTrail(provider, place, args.trail);
  for (const cell of args.cells) new Forwarding({ place, hub, cell }, provider);
  return { trails: args.trails };
}
