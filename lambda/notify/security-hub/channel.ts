import type { AwsSecurityFinding, ImportFindingsError } from '@aws-sdk/client-securityhub';
import type { Cloud, Member } from '../../aws/cloud.ts';
import type { Sessions } from '../../aws/credentials.ts';
import { inTime } from '../../aws/deadline.ts';
import { describeError, errorClassOf } from '../../aws/errors.ts';
import type { Channel, RemediationResult } from '../../contract/result.ts';
import { toAsff } from './finding.ts';

/** Imports a result's findings into Security Hub. A failure is part of the answer, never an exception. */
export interface SecurityHub {
  notify(result: RemediationResult): Promise<Channel>;
}

/** The limit of one BatchImportFindings call. */
const batch = 100;
/** Milliseconds for all batches of a result. */
const patience = 7_000;

/** Imports with the remediation role, in the account and Region of the findings. `partition` is for their ARNs. */
export function createSecurityHub(
  cloud: Pick<Cloud, 'member'>,
  sessions: Pick<Sessions, 'of'>,
  { on, partition }: { on: boolean; partition: string },
): SecurityHub {
  return {
    async notify(result) {
      const { account, region, groupId, eventId, findings } = result;
      if (!on) return { status: 'not-configured' };
      if (findings.length === 0 || groupId === null) return { status: 'not-needed' };
      const place = `${account} ${region}`;
      try {
        const asff = toAsff(result, partition);
        const work = sessions
          .of(account, eventId)
          .then((session) => importAll(cloud.member(region, session), asff));
        const refused = await inTime(work, patience);
        const [first] = refused;
        if (!first) return { status: 'sent' };
        const why = failureText(first.ErrorCode ?? 'Error', first.ErrorMessage ?? '', place);
        return {
          status: 'failed',
          error: `${refused.length} of ${asff.length} findings were refused: ${why}`,
        };
      } catch (error) {
        const name = error instanceof Error ? error.name : 'Error';
        if (errorClassOf(error) === 'access-denied')
          return {
            status: 'failed',
            error: `findings may not be imported in ${place}: ${describeError(error)}`,
          };
        return { status: 'failed', error: failureText(name, describeError(error), place) };
      }
    },
  };
}

/** Every batch is tried, also after one has failed. */
async function importAll(member: Member, findings: AwsSecurityFinding[]): Promise<ImportFindingsError[]> {
  const batches = Array.from({ length: Math.ceil(findings.length / batch) }, (_, index) =>
    findings.slice(index * batch, (index + 1) * batch),
  );
  const refused = await Promise.all(batches.map((each) => member.importFindings(each)));
  return refused.flat();
}

/** Where Security Hub is off, a Region refuses the call with the first, or every finding with the second. */
const off = ['InvalidAccessException', 'InvalidAccess'];

function failureText(code: string, message: string, place: string): string {
  if (off.includes(code)) return `Security Hub is not enabled in ${place}`;
  return `${code}: ${message}`.slice(0, 1_000);
}
