/**
 * One AWS API call, read from the wire and not verified: the emulator checks the signature when the call is forwarded.
 */
export interface Call {
  /** Signing name: `ec2`, `events`, `iam`, ... */
  service: string;
  region: string;
  accessKeyId: string;
  /** The account that the access key belongs to. */
  accountId: string;
  /** The API operation, such as `AuthorizeSecurityGroupIngress`; for REST services `METHOD /path`. */
  action: string;
  method: string;
  /** Path with query string. */
  path: string;
  headers: Record<string, string>;
  sourceAddress: string;
  body: Buffer;
  /** JSON body, or the nested form of an EC2, IAM or STS query. */
  parameters: Record<string, unknown>;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Forwards the signed request unchanged. */
export type Forward = () => Promise<Answer>;

/** What the gateway adds to the emulator. The first interceptor that matches a call handles it. */
export interface Interceptor {
  name: string;
  matches(call: Call): boolean;
  handle(call: Call, forward: Forward): Promise<Answer>;
}

/** Settings of an AWS SDK client. */
export interface ClientSettings {
  endpoint: string;
  region: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
}

/**
 * The emulator behind the gateway. Its admin routes (JSON in, JSON out):
 * - `organization` `{ id, accounts, policies }`: from now on exactly these accounts have `aws:PrincipalOrgID` id, and
 *   `policies` gives the service control policies of those that have some (see organizations/control-policies.ts).
 * - `identity` `{ accessKeyId }`: an `Identity`, or null for an unknown key.
 * - `match` `{ accountId, region, bus, event }`: the enabled rules `{ arn, targets }` of a bus that match; null without that bus.
 * - `scheduled` `{ accountId, region, rule }`: the enabled rule of the default bus that goes by a schedule; null without it.
 * - `bulk` `{ accounts, regions, groups, seed }`: so many security groups in each, with what they are attached to; the counts.
 * - `authorize` `{ questions }`: a `Decision` for each, by the emulator's own IAM evaluator (see eventbridge/permission.ts).
 * - `share-subnet` `{ accountId, region, subnetId, accounts }`: shares a subnet of an account with others, as AWS RAM does.
 */
export interface Emulator {
  /** Its own address, behind the gateway. */
  endpoint: string;
  /** Posts to an admin route and returns its answer. @throws on any status but 200 */
  admin(path: string, body: unknown): Promise<unknown>;
  /** Client settings of an account's root user, directly at the emulator. */
  root(accountId: string, region: string): ClientSettings;
}

/** Who an access key belongs to. */
export interface Identity {
  accountId: string;
  arn: string;
  userId: string;
  type: 'Root' | 'User' | 'AssumedRole' | 'FederatedUser';
  userName?: string;
  /** The role of an assumed-role session. */
  issuer?: { arn: string; principalId: string; userName: string; createdAt: string };
}

/** An event as EventBridge delivers it, `detail-type` included. */
export interface BusEvent {
  version: '0';
  id: string;
  source: string;
  'detail-type': string;
  account: string;
  region: string;
  /** ISO 8601, seconds. */
  time: string;
  resources: string[];
  detail: unknown;
}

/**
 * Puts an event on the named bus (by default `default`) of the event's own account and Region. Returns at once;
 * delivery follows.
 */
export type Publish = (event: BusEvent, bus?: string) => void;
