import { describe, expect, test } from 'vitest';
import { answered, record } from './sample.ts';

const ruleItem =
  '<item><groupOwnerId>111122223333</groupOwnerId><groupId>sg-04cfb7a4712d75b00</groupId>' +
  '<securityGroupRuleId>sgr-0a11552a7d225f5c7</securityGroupRuleId><isEgress>false</isEgress>' +
  '<ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><cidrIpv4>0.0.0.0/0</cidrIpv4></item>';
const ruleSet = {
  items: [
    {
      groupOwnerId: '111122223333',
      groupId: 'sg-04cfb7a4712d75b00',
      securityGroupRuleId: 'sgr-0a11552a7d225f5c7',
      isEgress: false,
      ipProtocol: 'tcp',
      fromPort: 22,
      toPort: 22,
      cidrIpv4: '0.0.0.0/0',
    },
  ],
};
const authorize = 'AuthorizeSecurityGroupIngress';
const flat = 'GroupId=sg-04cfb7a4712d75b00&IpProtocol=tcp&FromPort=22&ToPort=22&CidrIp=0.0.0.0%2F0';

describe('a rule added', () => {
  test('in the flat form has its fields beside an empty ipPermissions', () => {
    const answer = answered(
      authorize,
      `<return>true</return><securityGroupRuleSet>${ruleItem}</securityGroupRuleSet>`,
    );
    expect(record({ action: authorize, query: flat, answer })).toEqual({
      eventVersion: '1.10',
      userIdentity: {
        type: 'IAMUser',
        principalId: 'AIDAEXAMPLEEXAMPLE000',
        arn: 'arn:aws:iam::111122223333:user/user',
        accountId: '111122223333',
        accessKeyId: 'AKIAEXAMPLEEXAMPLE00',
        userName: 'user',
      },
      eventTime: '2023-07-10T12:10:08Z',
      eventSource: 'ec2.amazonaws.com',
      eventName: authorize,
      awsRegion: 'us-east-1',
      sourceIPAddress: '203.0.113.10',
      userAgent: 'aws-cli/2.17.60',
      requestParameters: {
        groupId: 'sg-04cfb7a4712d75b00',
        ipPermissions: {},
        ipProtocol: 'tcp',
        fromPort: 22,
        toPort: 22,
        cidrIp: '0.0.0.0/0',
      },
      responseElements: { requestId: '30f339b8', _return: true, securityGroupRuleSet: ruleSet },
      requestID: '30f339b8',
      eventID: '74bd84b4-6729-4895-b2a4-e2beb7c6b377',
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: '111122223333',
      eventCategory: 'Management',
      tlsDetails: { clientProvidedHostHeader: 'ec2.us-east-1.amazonaws.com' },
    });
  });

  test('in the nested form has a list of every kind of source, empty ones as {}', () => {
    const one = 'IpPermissions.1.IpProtocol=tcp&IpPermissions.1.FromPort=443&IpPermissions.1.ToPort=443';
    const sources =
      'IpPermissions.1.IpRanges.1.CidrIp=0.0.0.0%2F0&IpPermissions.1.IpRanges.1.Description=web' +
      '&IpPermissions.1.Ipv6Ranges.1.CidrIpv6=%3A%3A%2F0';
    const two =
      'IpPermissions.2.IpProtocol=-1&IpPermissions.2.PrefixListIds.1.PrefixListId=pl-1&IpPermissions.2.Groups.1.GroupId=sg-2';
    const found = record({ action: authorize, query: `GroupId=sg-1&${one}&${sources}&${two}` });
    expect(found?.requestParameters).toEqual({
      groupId: 'sg-1',
      ipPermissions: {
        items: [
          {
            ipProtocol: 'tcp',
            fromPort: 443,
            toPort: 443,
            groups: {},
            ipRanges: { items: [{ cidrIp: '0.0.0.0/0', description: 'web' }] },
            ipv6Ranges: { items: [{ cidrIpv6: '::/0' }] },
            prefixListIds: {},
          },
          {
            ipProtocol: '-1', // no ports where none were sent
            groups: { items: [{ groupId: 'sg-2' }] },
            ipRanges: {},
            ipv6Ranges: {},
            prefixListIds: { items: [{ prefixListId: 'pl-1' }] },
          },
        ],
      },
    });
  });

  test('ten and more rules keep their order', () => {
    const query = Array.from(
      { length: 12 },
      (_, index) => `IpPermissions.${index + 1}.FromPort=${index}`,
    ).join('&');
    const found = record({ action: authorize, query })?.requestParameters as {
      ipPermissions: { items: { fromPort: number }[] };
    };
    expect(found.ipPermissions.items.map(({ fromPort }) => fromPort)).toEqual([...Array(12).keys()]);
  });
});

describe('calls that are recorded as their XML', () => {
  const first =
    'SecurityGroupRule.1.SecurityGroupRuleId=sgr-1&SecurityGroupRule.1.SecurityGroupRule.FromPort=22';
  const modify = 'ModifySecurityGroupRules';

  test('one edited rule is an object with its position as tag', () => {
    const found = record({ action: modify, query: `GroupId=sg-1&${first}` });
    expect(found?.requestParameters).toEqual({
      ModifySecurityGroupRulesRequest: {
        GroupId: 'sg-1',
        SecurityGroupRule: { SecurityGroupRuleId: 'sgr-1', tag: 1, SecurityGroupRule: { FromPort: 22 } },
      },
    });
    expect(found?.responseElements).toEqual({
      ModifySecurityGroupRulesResponse: {
        xmlns: 'http://ec2.amazonaws.com/doc/2016-11-15/',
        requestId: '30f339b8',
        return: true,
      },
    });
  });

  test('several edited rules are an array with positions', () => {
    const query = `GroupId=sg-1&${first}&SecurityGroupRule.2.SecurityGroupRuleId=sgr-2`;
    expect(record({ action: modify, query })?.requestParameters).toMatchObject({
      ModifySecurityGroupRulesRequest: {
        SecurityGroupRule: [
          { SecurityGroupRuleId: 'sgr-1', tag: 1 },
          { SecurityGroupRuleId: 'sgr-2', tag: 2 },
        ],
      },
    });
  });

  test('an entry added to a prefix list keeps the wire’s names', () => {
    const query = 'PrefixListId=pl-1&CurrentVersion=3&AddEntry.1.Cidr=0.0.0.0%2F1';
    expect(record({ action: 'ModifyManagedPrefixList', query })?.requestParameters).toEqual({
      ModifyManagedPrefixListRequest: {
        PrefixListId: 'pl-1',
        CurrentVersion: 3,
        AddEntry: { Cidr: '0.0.0.0/1', tag: 1 },
      },
    });
  });
});

describe('tags added and removed', () => {
  test('are two lists, resources and tags, whose texts stay as they are', () => {
    const query =
      'ResourceId.1=sg-1&ResourceId.2=vpc-1&Tag.1.Key=open&Tag.1.Value=true&Tag.2.Key=port&Tag.2.Value=22';
    const found = record({ action: 'CreateTags', query });
    expect(found?.requestParameters).toEqual({
      resourcesSet: { items: [{ resourceId: 'sg-1' }, { resourceId: 'vpc-1' }] },
      tagSet: {
        items: [
          { key: 'open', value: 'true' },
          { key: 'port', value: '22' },
        ],
      },
    });
    expect(found?.responseElements).toEqual({ requestId: '30f339b8', _return: true });
  });

  test('may be named by key alone, or not at all where every tag goes', () => {
    const one = record({ action: 'DeleteTags', query: 'ResourceId.1=sg-1&Tag.1.Key=open' });
    expect(one?.requestParameters).toMatchObject({ tagSet: { items: [{ key: 'open' }] } });
    const all = record({ action: 'DeleteTags', query: 'ResourceId.1=sg-1' });
    expect(all?.requestParameters).toEqual({
      resourcesSet: { items: [{ resourceId: 'sg-1' }] },
      tagSet: {},
    });
  });
});

test('a restored prefix list is recorded as its XML, versions as numbers', () => {
  const query = 'PrefixListId=pl-1&PreviousVersion=1&CurrentVersion=3';
  const action = 'RestoreManagedPrefixListVersion';
  expect(record({ action, query })?.requestParameters).toEqual({
    RestoreManagedPrefixListVersionRequest: { PrefixListId: 'pl-1', PreviousVersion: 1, CurrentVersion: 3 },
  });
});

test('a group created with tags has tagSpecificationSet', () => {
  const query =
    'GroupName=web&GroupDescription=d&TagSpecification.1.ResourceType=security-group&TagSpecification.1.Tag.1.Key=k&TagSpecification.1.Tag.1.Value=v';
  const answer = answered(
    'CreateSecurityGroup',
    '<return>true</return><groupId>sg-9</groupId><tagSet><item><key>k</key><value>v</value></item></tagSet>',
  );
  const found = record({ action: 'CreateSecurityGroup', query, answer });
  expect(found?.requestParameters).toEqual({
    groupName: 'web',
    groupDescription: 'd',
    tagSpecificationSet: { items: [{ resourceType: 'security-group', tags: [{ key: 'k', value: 'v' }] }] },
  });
  expect(found?.responseElements).toEqual({
    requestId: '30f339b8',
    _return: true,
    groupId: 'sg-9',
    tagSet: { items: [{ key: 'k', value: 'v' }] },
  });
});
