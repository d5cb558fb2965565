import { partitions } from '../policy/partitions.ts';

/** What CloudTrail records about how a call was made. The caller chooses all of it but `invokedBy`. */
export interface Means {
  userAgent: string | null;
  /** The AWS service that made the call for a principal. */
  invokedBy: string | null;
  /** CloudTrail's `sessionCredentialFromConsole`. The AWS CLI in CloudShell has it too. */
  sessionCredentialFromConsole?: string | boolean | null;
}

/** Programs that name themselves next to their SDK. The first match counts. */
const programs: [RegExp, string][] = [
  [/\bpulumi/i, 'pulumi'],
  [/\bopentofu\//i, 'opentofu'],
  [/\bterraform(-provider-aws)?\//i, 'terraform'],
  [/\bcrossplane/i, 'crossplane'],
  [/\bansible\//i, 'ansible'],
  [/\bpacker\b/i, 'packer'],
  [/\b(aws-cdk|cdk-hotswap)\//i, 'cdk'],
  [/\beksctl\//i, 'eksctl'],
  [/\belbv2\.k8s\.aws\//i, 'aws-load-balancer-controller'],
  [/(^|\s)kubernetes\//i, 'kubernetes'],
  [/\bawspowershell/i, 'aws-powershell'],
  [/\baws-cli\//i, 'aws-cli'],
];

/** The console's own user agents. Behind a browser is sometimes the SDK of the console's server. */
const browser = /^\[?(mozilla\/|s3console\/|console\.|signin\.)/i;

const libraries: [RegExp, string][] = [
  [/\bboto3\//i, 'boto3'],
  [/\bbotocore\//i, 'botocore'],
  [/\baws-sdk-(js|nodejs)\//i, 'aws-sdk-js'],
  [/\baws-sdk-go(-v2)?\//i, 'aws-sdk-go'],
  [/\baws-sdk-java\//i, 'aws-sdk-java'],
  [/\baws-sdk-ruby\d*\//i, 'aws-sdk-ruby'],
  [/\baws-sdk-(dotnet|net)/i, 'aws-sdk-dotnet'],
  [/\baws-sdk-php\d*\//i, 'aws-sdk-php'],
  [/\baws-sdk-rust\//i, 'aws-sdk-rust'],
  [/\baws-sdk-cpp\//i, 'aws-sdk-cpp'],
  [/\baws-sdk-kotlin\//i, 'aws-sdk-kotlin'],
  [/\baws-sdk-swift\//i, 'aws-sdk-swift'],
];

/** In every partition a service may name itself under `amazonaws.com`; some do under the partition's own suffix. */
const suffixes = Object.values(partitions).map(({ dnsSuffix }) => dnsSuffix.replaceAll('.', '\\.'));
const service = new RegExp(`^([a-z0-9-]+\\.)+(${suffixes.join('|')})$`);
const internal = 'AWS Internal';

/**
 * The tool behind a call: an AWS service by name (`autoscaling.amazonaws.com`, but `cloudformation`), a program, the
 * console or an SDK; null when unknown. For display only, because a caller can choose any user agent.
 */
export function toolOf({ userAgent, invokedBy, sessionCredentialFromConsole }: Means): string | null {
  const agent = userAgent ?? '';
  const fromConsole = String(sessionCredentialFromConsole).toLowerCase() === 'true';
  return (
    serviceOf(invokedBy ?? '') ??
    toolNamed(programs, agent) ??
    (browser.test(agent) ? 'console' : undefined) ??
    serviceOf(agent) ??
    (fromConsole ? 'console' : undefined) ??
    toolNamed(libraries, agent) ??
    ([agent, invokedBy].includes(internal) ? 'aws-internal' : null)
  );
}

function serviceOf(text: string): string | undefined {
  if (!service.test(text)) return undefined;
  return /(^|\.)cloudformation\./.test(text) ? 'cloudformation' : text;
}

function toolNamed(tools: [RegExp, string][], agent: string): string | undefined {
  return tools.find(([pattern]) => pattern.test(agent))?.[1];
}
