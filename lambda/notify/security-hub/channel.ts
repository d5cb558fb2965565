import type { AwsSecurityFinding, ImportFindingsError } from '@aws-sdk/client-securityhub';
import type { Cloud, Member } from '../../aws/cloud.ts';
import type { Sessions } from '../../aws/credentials.ts';
import { inTime } from '../../aws/deadline.ts';
import { describeError, errorClassOf } from '../../aws/errors.ts';
import type { NotificationChannel } from '../message/channel.ts';
import { toAsff } from './finding.ts';

/** The limit of one BatchImportFindings call. */
const batch = 100;
/** Milliseconds for all batches of a result. */
const patience = 7_000;

/**
 * Imports a result's findings into Security Hub with the remediation role, in their account and Region. `partition` is
 * for their ARNs. An announcement is no finding.
 */
export function createSecurityHub(
  cloud: Pick<Cloud, 'member'>,
  sessions: Pick<Sessions, 'of'>,
  partition: string,
): NotificationChannel {
  return {
    announce: async () => ({ status: 'not-needed' }),
    async notify(result) {
      const { account, region, groupId, eventId, findings } = result;
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
        const { ErrorCode = 'Error', ErrorMessage = '' } = first;
        const why = failureText(ErrorCode, `${ErrorCode}: ${ErrorMessage}`.slice(0, 1_000), place);
        return {
          status: 'failed',
          error: `${refused.length} of ${asff.length} findings were refused: ${why}`,
        };
      } catch (error) {
        const denied = errorClassOf(error) === 'access-denied';
        const name = error instanceof Error ? error.name : 'Error';
        const why = failureText(name, describeError(error), place);
        return { status: 'failed', error: denied ? `findings may not be imported in ${place}: ${why}` : why };
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

function failureText(code: string, text: string, place: string): string {
  return off.includes(code) ? `Security Hub is not enabled in ${place}` : text;
}
