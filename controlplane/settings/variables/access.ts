import { externalId, roleArn, roleName, templateUrl } from './forms.ts';
import { variable } from './variable.ts';

/** How the control plane enters accounts. docs/access.md explains the choices. */
export const accessVariables = {
  PORTCULLIS_ACCESS_ROLE: variable(roleName.default('OrganizationAccountAccessRole'), {
    meaning: 'The role that the control plane assumes in each account.',
    example: 'portcullis-access',
  }),
  PORTCULLIS_EXTERNAL_ID: variable(externalId.optional(), {
    meaning: 'The external ID that is sent with every role that is assumed.',
    example: 'portcullis-7f3a',
  }),
  PORTCULLIS_DEPLOYER_ROLE_ARN: variable(roleArn.optional(), {
    meaning:
      'A role that the control plane assumes first, for example in the security account. Access roles are assumed from it.',
    example: 'arn:aws:iam::222222222222:role/portcullis-deployer',
    byDefault: 'none: its own credentials',
  }),
  PORTCULLIS_ORGANIZATIONS_ROLE_ARN: variable(roleArn.optional(), {
    meaning: 'A role in the management account that reads the organization.',
    example: 'arn:aws:iam::111111111111:role/portcullis-organizations',
    byDefault: 'none: its own credentials, in the management account or a delegated administrator',
  }),
  PORTCULLIS_TEMPLATE_URL: variable(templateUrl.optional(), {
    meaning:
      "The address of the access role's template in S3. An account without the role then shows a link that creates it.",
    example: 'https://bucket.s3.eu-west-1.amazonaws.com/access-role.yaml',
  }),
} as const;
