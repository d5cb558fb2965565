import * as z from 'zod';

/** The shapes of `aws ec2 describe-security-groups` and `describe-security-group-rules`, as far as they are read. */
const groupId = z.string('write a group id').regex(/^sg-[0-9a-zA-Z]+$/, 'a group id is such as sg-0123abcd');
const account = z.string('write an account id in quotes').regex(/^\d{12}$/, 'an account id has 12 digits');
const text = z.string('write text');
const port = z.int('write a whole number').nullish();
const list = <Item extends z.ZodType>(item: Item) => z.array(item, 'write a list').nullish();
const peer = z.object({ GroupId: text.nullish(), UserId: text.nullish() });
const traffic = { IpProtocol: text, FromPort: port, ToPort: port };

export const permissionSchema = z.object(
  {
    ...traffic,
    IpRanges: list(z.object({ CidrIp: text })),
    Ipv6Ranges: list(z.object({ CidrIpv6: text })),
    PrefixListIds: list(z.object({ PrefixListId: text })),
    UserIdGroupPairs: list(peer),
  },
  'write a permission as EC2 lists it',
);

export const listedRuleSchema = z.object({
  SecurityGroupRuleId: text,
  GroupId: groupId,
  GroupOwnerId: account.nullish(),
  SecurityGroupRuleArn: text.nullish(),
  IsEgress: z.boolean('write true or false'),
  ...traffic,
  CidrIpv4: text.nullish(),
  CidrIpv6: text.nullish(),
  PrefixListId: text.nullish(),
  ReferencedGroupInfo: peer.nullish(),
});

export const listedGroupSchema = z.object({
  GroupId: groupId,
  GroupName: text.nullish(),
  OwnerId: account.nullish(),
  VpcId: text.nullish(),
  SecurityGroupArn: text.nullish(),
  Tags: list(z.object({ Key: text, Value: text })),
  IpPermissions: z.array(
    permissionSchema,
    'write a list of permissions, as aws ec2 describe-security-groups does',
  ),
  IpPermissionsEgress: list(permissionSchema),
});

export type ListedRule = z.infer<typeof listedRuleSchema>;
export type ListedGroup = z.infer<typeof listedGroupSchema>;
