import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toolOf } from '../../../../lambda/event/tool.ts';

const terraform =
  'APN/1.0 HashiCorp/1.0 Terraform/1.1.2 (+https://www.terraform.io) terraform-provider-aws/3.76.1 (+https://registry.terraform.io/providers/hashicorp/aws) aws-sdk-go/1.44.157 (go1.19.3; linux; amd64)';
const safari =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/137.0.0.0 Safari/537.36';
const cloudShell =
  'aws-cli/2.13.5 Python/3.11.4 Linux/4.14.255-314-253.539.amzn2.x86_64 exec-env/CloudShell exe/x86_64.amzn.2 prompt/off command/ec2.authorize-security-group-ingress';

describe('the tool of a user agent', () => {
  it.each([
    [terraform, 'terraform'],
    [
      'APN/1.0 HashiCorp/1.0 Terraform/1.13.0 (+https://www.terraform.io) terraform-provider-aws/6.10.0',
      'terraform',
    ],
    ['APN/1.0 OpenTofu/1.8.2 terraform-provider-aws/5.70.0 aws-sdk-go-v2/1.31.0', 'opentofu'],
    ['APN/1.0 Pulumi/1.0 PulumiAWS/7.48.0 Terraform/1.0 aws-sdk-go-v2/1.41.2 lang/go#1.26.0', 'pulumi'],
    ['aws-sdk-go-v2/1.30.4 os/linux APN/1.0 Pulumi/1.0 PulumiAwsNative/1.12', 'pulumi'],
    ['APN/1.0 Ansible/2.15.0 community.aws/12.0.0 Boto3/1.34.69 Botocore/1.34.69', 'ansible'],
    ['APN/1.0 HashiCorp/1.0 Packer/1.8.5 (+https://www.packer.io/) aws-sdk-go/1.44.114', 'packer'],
    ['aws-sdk-js/3.632.0 ua/2.0 os/darwin lang/js md/nodejs#20.18.0 aws-cdk/2.160.0', 'cdk'],
    ['eksctl/0.190.0 aws-sdk-go-v2/1.30.4', 'eksctl'],
    ['elbv2.k8s.aws/v2.8.1 aws-sdk-go/1.54.11 (go1.22.2; linux; amd64)', 'aws-load-balancer-controller'],
    ['kubernetes/v1.29.3 aws-sdk-go/1.50.0 (go1.21.8; linux; amd64)', 'kubernetes'],
    ['aws-cli/2.31.0 md/command#ec2.authorize-security-group-ingress', 'aws-cli'],
    ['aws-cli/1.16.192 Python/2.7.10 Darwin/18.7.0 botocore/1.12.182', 'aws-cli'],
    ['AWSPowerShell.Common/4.1.500 .NET_Runtime/8.0 aws-sdk-dotnet-coreclr/3.7.400', 'aws-powershell'],
    ['Boto3/1.34.46 md/Botocore#1.34.46 ua/2.0 os/linux#6.14 lang/python#3.12.3 Botocore/1.34.46', 'boto3'],
    ['Botocore/1.34.46 Python/3.12.3', 'botocore'],
    ['aws-sdk-go/1.24.1 (go1.14; darwin; amd64)', 'aws-sdk-go'],
    ['aws-sdk-go-v2/1.14.0 os/macos lang/go/1.17.6 md/GOOS/darwin api/ec2/1.17.0', 'aws-sdk-go'],
    ['aws-sdk-java/2.25.12 ua/2.0 os/Linux lang/java/21.0.2', 'aws-sdk-java'],
    ['aws-sdk-js/3.632.0 ua/2.0 os/linux lang/js exec-env/AWS_Lambda_nodejs20.x', 'aws-sdk-js'],
    ['aws-sdk-nodejs/2.1691.0 linux/v18.20.4 promise', 'aws-sdk-js'],
    ['aws-sdk-ruby3/3.190.0 md/internal ua/2.0 lang/ruby#2.7.8', 'aws-sdk-ruby'],
    ['aws-sdk-dotnet/1.4.11.0 .NET Runtime/4.0', 'aws-sdk-dotnet'],
    ['aws-sdk-php/3.300.0 ua/2.0 lang/php#8.2', 'aws-sdk-php'],
    ['aws-sdk-rust/1.3.3 os/linux lang/rust/1.80.0', 'aws-sdk-rust'],
    [safari, 'console'],
    ['console.ec2.amazonaws.com', 'console'],
    ['console.amazonaws.com', 'console'],
    ['signin.amazonaws.com', 'console'],
    ['Mozilla/5.0 (X11) aws-internal/3 aws-sdk-java/1.11.820 Linux/4.9', 'console'],
    ['[S3Console/0.4, aws-internal/3 aws-sdk-java/1.12.488 Linux/5.10]', 'console'],
    ['autoscaling.amazonaws.com', 'autoscaling.amazonaws.com'],
    ['cloudformation.amazonaws.com', 'cloudformation'],
    ['AWS Internal', 'aws-internal'],
    ['stratus-red-team_2142a106-933f-4595-ad51-0ff5dfff60b7', null],
    ['curl/8.4.0', null],
    ['evil.amazonaws.com.example', null],
    ['', null],
    [null, null],
  ])('%s is %s', (userAgent, tool) => {
    expect(toolOf({ userAgent, invokedBy: null })).toBe(tool);
  });
});

describe('the tool of a call', () => {
  it.each([
    ['cloudformation.amazonaws.com', 'cloudformation.amazonaws.com', undefined, 'cloudformation'],
    ['stacksets.cloudformation.amazonaws.com', terraform, undefined, 'cloudformation'],
    ['autoscaling.amazonaws.com', null, undefined, 'autoscaling.amazonaws.com'],
    ['rds.amazonaws.com.cn', null, undefined, 'rds.amazonaws.com.cn'],
    ['AWS Internal', 'AWS Internal', undefined, 'aws-internal'],
    ['AWS Internal', 'AWS Internal', 'true', 'console'],
    ['AWS Internal', terraform, undefined, 'terraform'],
    [null, safari, 'true', 'console'],
    [null, cloudShell, 'true', 'aws-cli'],
    [null, 'aws-internal/3 aws-sdk-java/1.12.750', 'True', 'console'],
    [null, 'aws-internal/3 aws-sdk-java/1.12.750', 'false', 'aws-sdk-java'],
    [null, null, true, 'console'],
    [null, null, null, null],
  ])(
    'invoked by %s, as %s, with console credentials %s is %s',
    (invokedBy, userAgent, sessionCredentialFromConsole, tool) => {
      expect(toolOf({ userAgent, invokedBy, sessionCredentialFromConsole })).toBe(tool);
    },
  );

  it('of every event in the fixtures is one of the known tools', () => {
    const folder = new URL('../../../fixtures/events/', import.meta.url);
    const tools = new Set<string | null>();
    for (const file of readdirSync(folder)) {
      const { detail } = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      const { userAgent = null, userIdentity, sessionCredentialFromConsole } = detail;
      tools.add(
        toolOf({ userAgent, invokedBy: userIdentity.invokedBy ?? null, sessionCredentialFromConsole }),
      );
    }
    expect([...tools].sort()).toEqual(['aws-cli', 'aws-sdk-go', 'cloudformation', 'console', 'terraform']);
  });

  it('is found quickly for a hostile user agent', () => {
    const began = performance.now();
    for (const piece of ['a.', 'a-', 'aws-sdk-', 'Mozilla', ' kubernetes', '\u202e'])
      toolOf({ userAgent: piece.repeat(100_000), invokedBy: piece.repeat(100_000) });
    expect(performance.now() - began).toBeLessThan(10_000);
  });
});
