import type { Failure } from './check.ts';
import { isObject, type Value } from './field.ts';

export interface AssumeRole {
  roleArn: string;
  sessionName?: string;
  externalId?: string;
}

export interface Configuration {
  /** Where roles are assumed and credentials are validated; also the Region of a resource that names none. */
  region: string;
  assumeRoles: AssumeRole[];
  allowedAccountIds: string[];
  forbiddenAccountIds: string[];
  defaultTags: Record<string, string>;
  skipCredentialsValidation: boolean;
  maxRetries?: number;
  retryMode?: 'standard' | 'adaptive';
}

const ENGINE = ['version', 'pluginDownloadURL', '__internal', '__defaults', 'name'];
/**
 * The official plugin uses `stsRegion` for its clients only after it has assumed the roles and validated the
 * credentials in the provider's Region (source: `validateCredentials` in provider/config.go of pulumi-aws).
 */
const IGNORED = ['stsRegion', 'skipRegionValidation', 'skipRequestingAccountId', 'skipMetadataApiCheck'];
const ACCEPTED = [
  'region',
  'assumeRoles',
  'allowedAccountIds',
  'forbiddenAccountIds',
  'defaultTags',
  'skipCredentialsValidation',
  'maxRetries',
  'retryMode',
  ...IGNORED,
];

type Raw = { [name: string]: Value | undefined };

/**
 * The provider's configuration, with what is wrong in it. Anything but a string arrives as JSON text. Credentials
 * and endpoint come from the environment alone.
 */
export function readConfiguration(raw: Raw): { configuration: Configuration; failures: Failure[] } {
  const failures: Failure[] = [];
  for (const name of Object.keys(raw)) {
    if (ACCEPTED.includes(name) || ENGINE.includes(name) || raw[name] === undefined) continue;
    const fix =
      name === 'profile' ? 'credentials come from the environment' : `it accepts ${ACCEPTED.join(', ')}`;
    failures.push({
      property: name,
      reason: `the sandbox's AWS provider does not support "${name}": ${fix}`,
    });
  }
  const wrong = (property: string, expected: string): void => {
    failures.push({ property, reason: `provider property "${property}" must be ${expected}` });
  };
  if (typeof raw.region !== 'string' || raw.region === '') wrong('region', 'the name of a Region');
  const retries = decode(raw.maxRetries);
  if (retries !== undefined && !Number.isInteger(retries)) wrong('maxRetries', 'a whole number');
  const mode = decode(raw.retryMode);
  if (mode !== undefined && mode !== 'standard' && mode !== 'adaptive')
    wrong('retryMode', 'standard or adaptive');
  const configuration: Configuration = {
    region: String(raw.region),
    assumeRoles: roles(decode(raw.assumeRoles), wrong),
    allowedAccountIds: strings(decode(raw.allowedAccountIds), 'allowedAccountIds', wrong),
    forbiddenAccountIds: strings(decode(raw.forbiddenAccountIds), 'forbiddenAccountIds', wrong),
    defaultTags: tags(decode(raw.defaultTags), wrong),
    skipCredentialsValidation: decode(raw.skipCredentialsValidation) === true,
    ...(typeof retries === 'number' ? { maxRetries: retries } : {}),
    ...(mode === 'standard' || mode === 'adaptive' ? { retryMode: mode } : {}),
  };
  return { configuration, failures };
}

type Wrong = (property: string, expected: string) => void;

function decode(value: Value | undefined): Value | undefined {
  if (value === null || value === '') return undefined;
  if (typeof value !== 'string') return value === undefined ? undefined : plain(value);
  try {
    return plain(JSON.parse(value));
  } catch {
    return value; // reported where a list or an object is expected
  }
}

/** The value without secret markers: the engine strips them outside JSON text, and not inside it. */
function plain(value: Value): Value {
  if (Array.isArray(value)) return value.map(plain);
  if (!isObject(value)) return value;
  if (value['4dabf18193072939515e22adb298388d'] === '1b47061264138c4ac30d75fd1eb44270')
    return plain(value.value ?? null);
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]));
}

function roles(value: Value | undefined, wrong: Wrong): AssumeRole[] {
  if (value === undefined) return [];
  const accepted = ['roleArn', 'sessionName', 'externalId'];
  const good = (role: Value): boolean =>
    isObject(role) &&
    typeof role.roleArn === 'string' &&
    Object.entries(role).every(([name, held]) => accepted.includes(name) && typeof held === 'string');
  if (Array.isArray(value) && value.every(good)) return value as unknown as AssumeRole[];
  wrong('assumeRoles', `a list of objects with ${accepted.join(', ')} (roleArn required)`);
  return [];
}

function strings(value: Value | undefined, property: string, wrong: Wrong): string[] {
  const list = Array.isArray(value) ? value.map(String) : [];
  // a list of account ids decodes to strings; a JSON number would have lost leading zeros
  if (value !== undefined && !(Array.isArray(value) && value.every((one) => typeof one === 'string'))) {
    wrong(property, 'a list of 12-digit account ids as strings');
  }
  return list;
}

function tags(value: Value | undefined, wrong: Wrong): Record<string, string> {
  if (value === undefined) return {};
  const held = isObject(value) ? (value.tags ?? {}) : undefined;
  if (isObject(held) && Object.values(held).every((one) => typeof one === 'string')) {
    return held as Record<string, string>;
  }
  wrong('defaultTags', 'an object with tags, a map of strings');
  return {};
}
