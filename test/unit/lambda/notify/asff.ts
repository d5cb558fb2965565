import * as z from 'zod';

/**
 * What Security Hub takes of the AWS Security Finding Format, as its reference states it, for the attributes that
 * Portcullis uses: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_AwsSecurityFinding.html
 */
const text = (limit: number) =>
  z
    .string()
    .max(limit)
    .regex(/\S/)
    .refine((value) => value.isWellFormed());
const time = z.iso.datetime();

const severity = z.strictObject({
  Label: z.enum(['INFORMATIONAL', 'LOW', 'MEDIUM', 'HIGH', 'CRITICAL']),
  Original: text(64),
});
const types = z
  .array(
    z
      .string()
      .regex(
        /^(Software and Configuration Checks|TTPs|Effects|Unusual Behaviors|Sensitive Data Identifications)(\/[^/]+){0,2}$/,
      ),
  )
  .min(1)
  .max(50);

const resource = z.strictObject({
  Type: z.literal('AwsEc2SecurityGroup'),
  Id: z.string().regex(/^arn:aws[a-z-]*:ec2:[a-z0-9-]+:\d{12}:security-group\/sg-[0-9a-zA-Z]+$/),
  Partition: z.enum(['aws', 'aws-cn', 'aws-us-gov']).optional(),
  Region: z.string().min(1).max(16),
  Details: z.strictObject({
    AwsEc2SecurityGroup: z.strictObject({
      GroupId: text(255),
      OwnerId: z.string().regex(/^\d{12}$/),
      GroupName: text(255).optional(),
      VpcId: text(255).optional(),
    }),
  }),
});

export const asffSchema = z
  .strictObject({
    SchemaVersion: z.literal('2018-10-08'),
    Id: text(512),
    ProductArn: z.string().regex(/^arn:aws[a-z-]*:securityhub:[a-z0-9-]+:(\d{12}):product\/\1\/default$/),
    ProductName: text(128),
    CompanyName: text(128),
    GeneratorId: text(512),
    AwsAccountId: z.string().regex(/^\d{12}$/),
    Severity: severity,
    Types: types,
    FindingProviderFields: z.strictObject({ Severity: severity, Types: types }),
    CreatedAt: time,
    FirstObservedAt: time,
    LastObservedAt: time,
    UpdatedAt: time,
    Title: text(256),
    Description: text(1_024),
    Remediation: z.strictObject({ Recommendation: z.strictObject({ Text: text(512) }) }),
    ProductFields: z
      .record(
        z
          .string()
          .max(128)
          .refine((key) => !key.startsWith('aws/')),
        text(2_048),
      )
      .refine((fields) => Object.keys(fields).length <= 50),
    Resources: z.array(resource).min(1).max(32),
    Compliance: z.strictObject({ Status: z.enum(['PASSED', 'WARNING', 'FAILED', 'NOT_AVAILABLE']) }),
    Workflow: z.strictObject({ Status: z.enum(['NEW', 'NOTIFIED', 'RESOLVED', 'SUPPRESSED']) }),
    RecordState: z.enum(['ACTIVE', 'ARCHIVED']),
  })
  .refine((finding) => Buffer.byteLength(JSON.stringify(finding)) <= 240 * 1024);
