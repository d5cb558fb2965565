import { z } from 'zod';
import type { Answer, Call, Interceptor } from '../gateway/call.ts';
import { jsonAnswer, Refusal, refusalAnswer, refusedByEmulator } from '../gateway/refusal.ts';

type Finding = Record<string, unknown> & { Id: string; ProductArn: string };

/** What a finding must have in the AWS Security Finding Format. Source: its required attributes, Security Hub user guide. */
const required = z.looseObject({
  SchemaVersion: z.literal('2018-10-08'),
  Id: z.string().min(1).max(512),
  ProductArn: z.string().min(1),
  GeneratorId: z.string().min(1).max(512),
  AwsAccountId: z.string().regex(/^\d{12}$/),
  CreatedAt: z.iso.datetime({ offset: true }),
  UpdatedAt: z.iso.datetime({ offset: true }),
  Title: z.string().min(1).max(256),
  Description: z.string().min(1).max(1024),
  Resources: z
    .array(z.looseObject({ Type: z.string().min(1).max(256), Id: z.string().min(1).max(512) }))
    .min(1)
    .max(32),
});
const providerFields = z.looseObject({
  Severity: z
    .looseObject({ Label: z.enum(['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL']).optional() })
    .optional(),
  Types: z.array(z.string().max(256)).min(1).max(50).optional(),
});
/** Severity and types may be the finding's own or its provider's fields. */
const rated = providerFields
  .extend({ FindingProviderFields: providerFields.optional() })
  .refine((finding) => finding.Severity ?? finding.FindingProviderFields?.Severity, 'Severity is missing')
  .refine((finding) => finding.Types ?? finding.FindingProviderFields?.Types, 'Types is missing');

const largest = 240 * 1024;
const mostFindings = 100;

/** What customers keep for themselves: an import of a finding that exists leaves it as it was. */
const customers = ['Note', 'UserDefinedFields', 'VerificationState', 'Workflow'];

/**
 * AWS Security Hub as far as findings are imported and read back: switched on and off in each account and Region,
 * findings validated one by one. Who may call is the emulator's to say.
 */
export function securityHub(): Interceptor {
  const hubs = new Map<string, Map<string, Finding>>();
  return {
    name: 'security-hub',
    matches: (call) => call.service === 'securityhub',
    async handle(call, forward) {
      const refused = await refusedByEmulator(forward);
      if (refused) return refused;
      try {
        return serve(hubs, call);
      } catch (error) {
        if (error instanceof Refusal) return refusalAnswer(call, error);
        throw error;
      }
    },
  };
}

function serve(hubs: Map<string, Map<string, Finding>>, call: Call): Answer {
  const place = `${call.accountId} ${call.region}`;
  if (call.action === 'POST /accounts') {
    if (hubs.has(place))
      throw new Refusal(
        'ResourceConflictException',
        'Account is already subscribed to Security Hub',
        {},
        409,
      );
    hubs.set(place, new Map());
    return jsonAnswer(200, {});
  }
  const findings = hubs.get(place);
  if (!findings) {
    const message = `Account ${call.accountId} is not subscribed to AWS Security Hub`;
    throw new Refusal('InvalidAccessException', message, {}, 401);
  }
  switch (call.action) {
    case 'DELETE /accounts':
      hubs.delete(place);
      return jsonAnswer(200, {});
    case 'POST /findings/import':
      return importFindings(findings, call);
    case 'POST /findings':
      return readFindings(findings, call);
    default:
      throw new Refusal('InvalidInputException', `The sandbox has no ${call.action} in Security Hub.`);
  }
}

const batch = z.looseObject({ Findings: z.array(z.looseObject({})).min(1).max(mostFindings) });

function importFindings(findings: Map<string, Finding>, call: Call): Answer {
  const given = batch.safeParse(call.parameters);
  if (!given.success) throw new Refusal('InvalidInputException', z.prettifyError(given.error));
  const failed: { Id: string; ErrorCode: string; ErrorMessage: string }[] = [];
  for (const finding of given.data.Findings) {
    const fault = faultOf(finding, call);
    const Id = typeof finding.Id === 'string' ? finding.Id : '';
    if (fault) failed.push({ Id, ErrorCode: 'InvalidInput', ErrorMessage: fault });
    else keep(findings, finding as Finding);
  }
  return jsonAnswer(200, {
    FailedCount: failed.length,
    SuccessCount: given.data.Findings.length - failed.length,
    FailedFindings: failed,
  });
}

/** Why a finding is not imported, if so. */
function faultOf(finding: Record<string, unknown>, { accountId, region }: Call): string | undefined {
  for (const schema of [required, rated]) {
    const checked = schema.safeParse(finding);
    if (!checked.success)
      return `Finding does not adhere to Amazon Finding Format. ${z.prettifyError(checked.error)}`;
  }
  if (Buffer.byteLength(JSON.stringify(finding)) > largest) return 'Finding is larger than 240 KB.';
  if (finding.AwsAccountId !== accountId)
    return `AwsAccountId ${finding.AwsAccountId} is not the account that calls.`;
  const own = new RegExp(`^arn:[a-z-]+:securityhub:${region}:${accountId}:product/${accountId}/default$`);
  return own.test(String(finding.ProductArn))
    ? undefined
    : 'Product is not the default one of account and Region.';
}

/** A finding is the same by product and id; of two the later update counts. */
function keep(findings: Map<string, Finding>, finding: Finding): void {
  const key = `${finding.ProductArn} ${finding.Id}`;
  const before = findings.get(key);
  if (before && Date.parse(String(before.UpdatedAt)) > Date.parse(String(finding.UpdatedAt))) return;
  const kept = customers.flatMap((name) => (before && name in before ? [[name, before[name]]] : []));
  const fresh = { Workflow: { Status: 'NEW' }, RecordState: 'ACTIVE', ...finding };
  findings.set(key, { ...fresh, ...Object.fromEntries(kept) });
}

const query = z.object({
  MaxResults: z.int().min(1).max(100).default(100),
  NextToken: z.string().regex(/^\d+$/).optional(),
});

function readFindings(findings: Map<string, Finding>, call: Call): Answer {
  const { Filters, SortCriteria, ...rest } = call.parameters;
  if (isFilled(Filters) || isFilled(SortCriteria))
    throw new Refusal(
      'InvalidInputException',
      'The sandbox reads findings without Filters and SortCriteria.',
    );
  const given = query.safeParse(rest);
  if (!given.success) throw new Refusal('InvalidInputException', z.prettifyError(given.error));
  const start = Number(given.data.NextToken ?? 0);
  const end = start + given.data.MaxResults;
  const all = [...findings.values()];
  return jsonAnswer(200, {
    Findings: all.slice(start, end),
    ...(end < all.length && { NextToken: String(end) }),
  });
}

const isFilled = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0;
