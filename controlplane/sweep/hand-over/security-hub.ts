import { type AwsSecurityFinding, BatchImportFindingsCommand } from '@aws-sdk/client-securityhub';
import type { Uses } from '../../services/services.ts';
import { reasonOf } from '../../settings/errors.ts';
import type { SecurityHubImport } from '../../store/sweeps/hand-over.ts';

/** The limit of one BatchImportFindings call. */
const batch = 100;
/** An account in which Security Hub CSPM is off, or may not be used, is tried again over about a day. */
const mostAttempts = 12;

type ImportContext = Uses<{ store: 'sweeps'; aws: 'securityHub'; log: true }>;

async function importBatch(
  { store, aws, log }: ImportContext,
  imports: readonly SecurityHubImport[],
): Promise<void> {
  const [first] = imports;
  if (!first) return;
  const { accountId, region } = first;
  const client = await aws.securityHub(accountId, region);
  const refused = new Map<string, string>();
  try {
    const { FailedFindings = [] } = await client.send(
      new BatchImportFindingsCommand({
        Findings: imports.map(({ finding }) => finding as unknown as AwsSecurityFinding),
      }),
    );
    for (const { Id = '', ErrorCode, ErrorMessage } of FailedFindings)
      refused.set(Id, `${ErrorCode}: ${ErrorMessage}`);
  } catch (error) {
    for (const { id } of imports) refused.set(id, reasonOf(error));
  }
  const ended = imports.filter(({ id, attempts }) => !refused.has(id) || attempts >= mostAttempts);
  await store.sweeps.handOver.importsEnded(
    first,
    ended.map(({ id }) => id),
  );
  const [reason] = refused.values();
  if (reason)
    log.warn({ account: accountId, region, findings: refused.size, reason }, 'findings not imported');
}

/** Imports what sweeps left for Security Hub, from the findings' own accounts, until nothing is due. Idempotent. */
export async function importDue(context: ImportContext, stopping: AbortSignal): Promise<void> {
  while (!stopping.aborted) {
    const imports = await context.store.sweeps.handOver.takeImports(batch);
    if (imports.length === 0) return;
    await importBatch(context, imports);
  }
}
