import { GetFunctionCommand } from '@aws-sdk/client-lambda';
import { codeSha256 } from '../../programs/arguments.ts';
import { names } from '../../programs/names.ts';
import { reasonOf } from '../settings/errors.ts';
import type { DesiredStack } from '../stacks/desired.ts';
import type { ReconcileContext } from './context.ts';

/**
 * What the remediation function's code in AWS differs in from the declared bundle; undefined where it is the same or AWS
 * does not say. One read, and no operation of the engine: every resync of the hub does it.
 */
export async function replacedCode(
  { aws, settings, log }: Pick<ReconcileContext, 'aws' | 'settings' | 'log'>,
  { arguments: declared }: DesiredStack,
): Promise<string | undefined> {
  if (declared.kind !== 'hub') return undefined;
  const FunctionName = names.remediationFunction;
  try {
    const client = await aws.lambda(settings.hub.accountId, settings.hub.region);
    const { Configuration } = await client.send(new GetFunctionCommand({ FunctionName }));
    const found = Configuration?.CodeSha256;
    if (found === undefined || found === codeSha256(declared.bundle)) return undefined;
    return `the code of ${FunctionName} was replaced: its SHA-256 is ${found}`;
  } catch (error) {
    if (error instanceof Error && error.name === 'ResourceNotFoundException')
      return `${FunctionName} was deleted`;
    log.warn({ error: reasonOf(error) }, 'the code of the remediation function was not compared');
    return undefined;
  }
}
