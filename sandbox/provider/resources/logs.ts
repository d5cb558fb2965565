import type { Aws } from '../protocol/clients.ts';
import {
  integer,
  name,
  namedBy,
  ofFound,
  optional,
  type Resource,
  regional,
  string,
  tagged,
  unless,
} from '../protocol/resource.ts';

const notFound = ['ResourceNotFoundException'];

async function retain(aws: Aws, logGroupName: string, days: number): Promise<void> {
  const logs = await aws.logs();
  if (days > 0) await logs.putRetentionPolicy({ logGroupName, retentionInDays: days });
  else await unless(logs.deleteRetentionPolicy({ logGroupName }), ...notFound);
}

export const LogGroup: Resource = {
  inputs: {
    name,
    retentionInDays: { ...integer, default: 0 },
    kmsKeyId: { kind: 'string', replace: true },
    ...regional,
    ...tagged,
  },
  outputs: ['arn'],
  notFound,
  ...namedBy('name'),
  async create(aws, inputs) {
    const logGroupName = string(inputs, 'name');
    const tags = inputs.tags as Record<string, string>;
    await (await aws.logs()).createLogGroup({
      logGroupName,
      kmsKeyId: optional(inputs, 'kmsKeyId'),
      tags: Object.keys(tags).length > 0 ? tags : undefined,
    });
    return logGroupName;
  },
  async finish(aws, inputs, id) {
    const days = optional<number>(inputs, 'retentionInDays') ?? 0;
    if (days > 0) await retain(aws, id, days);
  },
  async read(aws, known) {
    const logs = await aws.logs();
    const logGroupName = string(known, 'name');
    let nextToken: string | undefined;
    do {
      const page = await logs.describeLogGroups({ logGroupNamePrefix: logGroupName, nextToken });
      const found = page.logGroups?.find((group) => group.logGroupName === logGroupName);
      if (found) {
        const arn = (found.logGroupArn ?? found.arn ?? '').replace(/:\*$/, '');
        const { tags } = await ofFound(logs.listTagsForResource({ resourceArn: arn }));
        return {
          name: logGroupName,
          retentionInDays: found.retentionInDays,
          kmsKeyId: found.kmsKeyId,
          arn,
          tags: tags ?? {},
        };
      }
      nextToken = page.nextToken;
    } while (nextToken);
    return undefined;
  },
  async update(aws, inputs) {
    await retain(aws, string(inputs, 'name'), optional<number>(inputs, 'retentionInDays') ?? 0);
  },
  tag: async (aws, old, tags) => (await aws.logs()).tagResource({ resourceArn: string(old, 'arn'), tags }),
  untag: async (aws, old, tagKeys) =>
    (await aws.logs()).untagResource({ resourceArn: string(old, 'arn'), tagKeys }),
  delete: async (aws, old) => (await aws.logs()).deleteLogGroup({ logGroupName: string(old, 'name') }),
};
