// node docs/write-schemas.ts [--check]: writes the schemas of the events that Portcullis puts on the org bus, in the
// form that an EventBridge schema registry takes (JSON Schema draft 4); --check only says whether they are stale.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import * as z from 'zod';
import { coverageDetailType, coverageSchema } from '../controlplane/stacks/coverage-event.ts';
import { announcementDetailType, announcementSchema } from '../lambda/contract/announcement.ts';
import { remediationResultSchema, resultDetailType, resultSource } from '../lambda/contract/result.ts';

const folder = new URL('./schemas/', import.meta.url);

/** An event as rules and targets see it: EventBridge's envelope around our detail. */
function eventOf(detailType: string, detail: z.ZodType): string {
  const envelope = z.object({
    version: z.literal('0'),
    id: z.string(),
    source: z.literal(resultSource),
    'detail-type': z.literal(detailType),
    account: z.string().describe("The hub's account, which publishes it; `detail.account` is the group's."),
    region: z.string(),
    time: z.iso.datetime(),
    resources: z.array(z.string()),
    detail,
  });
  const schema = z.toJSONSchema(envelope, {
    target: 'draft-4',
    io: 'output',
    override: ({ jsonSchema }) => {
      if (jsonSchema.format === 'date-time') jsonSchema.pattern = undefined;
    },
  });
  return `${JSON.stringify({ title: `${resultSource}@${detailType.replaceAll(' ', '')}`, ...schema }, null, 2)}\n`;
}

const schemas = {
  'portcullis-remediation.json': eventOf(resultDetailType, remediationResultSchema),
  'portcullis-exception.json': eventOf(announcementDetailType, announcementSchema),
  'portcullis-coverage.json': eventOf(coverageDetailType, coverageSchema),
};

await mkdir(folder, { recursive: true });
for (const [name, text] of Object.entries(schemas)) {
  const file = new URL(name, folder);
  if (!process.argv.includes('--check')) await writeFile(file, text);
  else if ((await readFile(file, 'utf8').catch(() => '')) !== text) {
    console.error(`docs/schemas/${name} is stale: run node docs/write-schemas.ts`);
    process.exitCode = 1;
  }
}
