/** One AWS API call as the gateway read it from the wire. Nothing in it is verified yet: the emulator checks the signature when the call is forwarded. */
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
  body: Buffer;
  /** JSON body, or the nested form of an EC2, IAM or STS query. */
  parameters: Record<string, unknown>;
}

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: Buffer;
}

/** Sends the signed request on, unchanged. */
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

export interface Emulator {
  /** The emulator's own address, behind the gateway. */
  endpoint: string;
  /** Posts to `/_sandbox/<path>` and returns the JSON answer. @throws on any status but 200 */
  admin(path: string, body: unknown): Promise<unknown>;
  /** Client settings of an account's root user, straight to the emulator. */
  root(accountId: string, region: string): ClientSettings;
}
