import type { VpcBlockPublicAccessExclusion, VpcBlockPublicAccessOptions } from '@aws-sdk/client-ec2';
import { isUnread, type Unread } from './patience.ts';

/** VPC Block Public Access of an account in a Region. */
export interface BlockPublicAccess {
  /** `off`, `block-ingress`, `block-bidirectional`, or a mode that is not known here. */
  readonly mode: string;
  readonly changing: boolean;
  readonly exclusions: readonly Exclusion[] | Unread;
}

interface Exclusion {
  readonly id: string;
  readonly mode: string;
  /** The VPC or subnet. */
  readonly resourceId: string;
  readonly state: string;
}

export interface Blocked {
  readonly answer: 'yes' | 'no' | 'unknown';
  readonly why: string;
}

/** Absent options are doubt, not `off`. */
export function blockPublicAccess(
  { InternetGatewayBlockMode, State }: VpcBlockPublicAccessOptions,
  exclusions: readonly VpcBlockPublicAccessExclusion[] | Unread,
): BlockPublicAccess {
  return {
    mode: InternetGatewayBlockMode ?? 'not known',
    changing: State === 'update-in-progress',
    exclusions: isUnread(exclusions) ? exclusions : exclusions.map(exclusion),
  };
}

const exclusion = (given: VpcBlockPublicAccessExclusion): Exclusion => ({
  id: given.ExclusionId ?? '',
  mode: given.InternetGatewayExclusionMode ?? '',
  resourceId: given.ResourceArn?.split('/').at(-1) ?? '',
  state: given.State ?? '',
});

const inEffect = new Set(['create-complete', 'update-complete']);
/** `disable-complete`: the organization's declarative policy does not allow exclusions. */
const notInEffect = new Set(['create-failed', 'delete-complete', 'disable-complete']);

/** Whether exclusions admit traffic: one of the subnet, and one of its VPC, count equally. */
function excluded(exclusions: readonly Exclusion[]): Blocked | undefined {
  const unclear = exclusions.find(({ state }) => !inEffect.has(state) && !notInEffect.has(state));
  const effective = exclusions.filter(({ state }) => inEffect.has(state));
  const modes = new Set(effective.map(({ mode }) => mode));
  const [first] = effective;
  if (unclear)
    return { answer: 'unknown', why: `exclusion ${unclear.id} is in state ${unclear.state || 'not known'}` };
  if (!first) return undefined;
  if (modes.size > 1)
    return { answer: 'unknown', why: 'the exclusions of the VPC and of the subnet have different modes' };
  if (first.mode === 'allow-bidirectional')
    return { answer: 'no', why: `VPC Block Public Access excludes ${first.resourceId}` };
  if (first.mode === 'allow-egress') return undefined;
  return { answer: 'unknown', why: `exclusion ${first.id} has the mode ${first.mode || 'not known'}` };
}

/**
 * Whether VPC Block Public Access stops traffic from the internet to a subnet. An exclusion for egress only lets
 * nothing in. Pure. Source: "Block public access to VPCs and subnets", Amazon VPC user guide.
 */
export function isInboundBlocked(
  { mode, changing, exclusions }: BlockPublicAccess,
  { subnetId, vpcId }: { readonly subnetId: string; readonly vpcId: string },
): Blocked {
  if (changing) return { answer: 'unknown', why: 'VPC Block Public Access is being changed' };
  if (mode === 'off') return { answer: 'no', why: 'VPC Block Public Access is off' };
  if (mode !== 'block-ingress' && mode !== 'block-bidirectional')
    return { answer: 'unknown', why: `the mode of VPC Block Public Access is ${mode}` };
  if (isUnread(exclusions)) return { answer: 'unknown', why: exclusions.unread };
  const own = exclusions.filter(({ resourceId }) => resourceId === subnetId || resourceId === vpcId);
  return excluded(own) ?? { answer: 'yes', why: `VPC Block Public Access (${mode}) blocks it` };
}
