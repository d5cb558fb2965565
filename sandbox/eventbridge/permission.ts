import type { Emulator } from '../gateway/call.ts';

/** One question to the emulator's IAM evaluator. */
interface Question {
  /** `resource` asks the resource's own policy (a role's is its trust policy), `identity` the policies of `role`. */
  policy: 'resource' | 'identity';
  role?: string;
  /** A service principal, or the ARN of an assumed-role session. */
  principal: string;
  action: string;
  resource: string;
  region: string;
  context?: Record<string, string>;
}

/** `ImplicitDeny`: nothing allows it. `Absent`: there is no such resource. */
type Decision = 'Allow' | 'Deny' | 'ImplicitDeny' | 'Absent';

/**
 * An event that a target did not get. `code` is EventBridge's ERROR_CODE. A retry helps only when it is `transient`.
 */
export class DeliveryError extends Error {
  readonly code: string;
  readonly transient: boolean;
  constructor(code: string, message: string, transient = false) {
    super(message);
    this.code = code;
    this.transient = transient;
  }
}

export interface Arn {
  text: string;
  service: string;
  region: string;
  accountId: string;
  resource: string;
}

export function parseArn(text: string): Arn {
  const [prefix, , service = '', region = '', accountId = '', ...resource] = text.split(':');
  if (prefix !== 'arn' || resource.length === 0)
    throw new DeliveryError('INVALID_PARAMETER', `${text} is not an ARN`);
  return { text, service, region, accountId, resource: resource.join(':') };
}

const events = 'events.amazonaws.com';

/** Throws a `DeliveryError` that names the missing permission; returns when every permission is there. */
export interface Permissions {
  /** EventBridge itself, for a rule, on a queue, topic or function. */
  service(action: string, resource: Arn, rule: Arn): Promise<void>;
  /** A rule's target role on an event bus: the role's trust, its policy and, across accounts, the bus policy. */
  role(roleArn: string | undefined, bus: Arn, rule: Arn): Promise<void>;
  /** A function's own role, on its on-failure destination. */
  execution(roleArn: string, action: string, resource: Arn): Promise<void>;
}

export function permissions(emulator: Emulator): Permissions {
  const ask: Ask = async (...questions) => (await emulator.admin('authorize', { questions })) as Decision[];
  return {
    service: (action, resource, rule) => askForService(ask, action, resource, rule),
    role: (roleArn, bus, rule) => askForRole(ask, roleArn, bus, rule),
    async execution(roleArn, action, resource) {
      const principal = sessionOf(roleArn, 'lambda');
      const { text, region } = resource;
      const [decision] = await ask({
        policy: 'identity',
        role: roleArn,
        principal,
        action,
        resource: text,
        region,
      });
      if (decision !== 'Allow') throw missing(`the policies of ${roleArn} do not allow ${action} on ${text}`);
    },
  };
}

type Ask = (...questions: Question[]) => Promise<Decision[]>;

async function askForService(ask: Ask, action: string, resource: Arn, rule: Arn): Promise<void> {
  const [decision] = await ask({
    policy: 'resource',
    principal: events,
    action,
    resource: resource.text,
    region: resource.region,
    context: fromRule(rule),
  });
  if (decision === 'Absent') throw new DeliveryError('NO_RESOURCE', `${resource.text} does not exist`);
  if (decision !== 'Allow') {
    const whom = `${events} for ${rule.text}`;
    throw missing(`the resource policy of ${resource.text} does not allow ${action} to ${whom}`);
  }
}

async function askForRole(ask: Ask, roleArn: string | undefined, bus: Arn, rule: Arn): Promise<void> {
  const action = 'events:PutEvents';
  const trusting = 'sts:AssumeRole';
  if (!roleArn) throw missing(`the target ${bus.text} has no RoleArn, so nothing allows ${action} on it`);
  const owner = parseArn(roleArn).accountId;
  if (owner !== rule.accountId)
    throw missing(`the target role ${roleArn} is not in the rule's account ${rule.accountId}`);
  const { region } = rule;
  const assume = { principal: events, action: trusting, resource: roleArn, region, context: fromRule(rule) };
  const put = { principal: sessionOf(roleArn, 'events'), action, resource: bus.text, region };
  const [trust, policy, resource] = await ask(
    { policy: 'resource', ...assume },
    { policy: 'identity', role: roleArn, ...put },
    { policy: 'resource', ...put },
  );
  if (trust === 'Absent') throw missing(`the target role ${roleArn} does not exist`);
  if (trust !== 'Allow')
    throw missing(`the trust policy of ${roleArn} does not allow ${trusting} to ${events} for ${rule.text}`);
  if (policy !== 'Allow') throw missing(`the policies of ${roleArn} do not allow ${action} on ${bus.text}`);
  if (resource === 'Absent') throw new DeliveryError('NO_RESOURCE', `${bus.text} does not exist`);
  // In its own account a role needs no permission by the bus policy, but the policy may deny it.
  if (resource === 'Deny' || (resource !== 'Allow' && bus.accountId !== owner))
    throw missing(`the bus policy of ${bus.text} does not allow ${action} to ${roleArn}`);
}

function sessionOf(roleArn: string, session: string): string {
  return `arn:aws:sts::${parseArn(roleArn).accountId}:assumed-role/${roleArn.split('/').at(-1)}/${session}`;
}

function fromRule(rule: Arn): Record<string, string> {
  return { 'aws:SourceArn': rule.text, 'aws:SourceAccount': rule.accountId };
}

function missing(message: string): DeliveryError {
  return new DeliveryError('NO_PERMISSIONS', message);
}
