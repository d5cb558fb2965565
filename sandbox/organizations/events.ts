import { randomUUID } from 'node:crypto';
import type { BusEvent, Call } from '../gateway/call.ts';
import type { Account, Creation, Graph } from './graph.ts';

/** Puts an event on the default bus of an account and Region. */
export type Emit = (event: BusEvent, accountId: string, region: string) => Promise<unknown>;

/** Organizations events exist in this Region only. */
export const lifecycleRegion = 'us-east-1';

export function serviceEvent(
  source: string,
  detailType: string,
  account: string,
  detail: Record<string, unknown>,
  resources: string[] = [],
): BusEvent {
  const time = `${new Date().toISOString().slice(0, 19)}Z`;
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': detailType,
    source,
    account,
    time,
    region: lifecycleRegion,
    resources,
    detail,
  };
}

/** `May 15, 2023 8:26:54 AM`: how Organizations writes times in its records. Not ISO. */
export function recordTime(milliseconds: number): string {
  const [date, time] = [
    new Intl.DateTimeFormat('en-US', { dateStyle: 'medium', timeZone: 'UTC' }).format(milliseconds),
    new Intl.DateTimeFormat('en-US', { timeStyle: 'medium', timeZone: 'UTC' }).format(milliseconds),
  ];
  return `${date} ${time.replace(/\s/gu, ' ')}`;
}

export function createAccountResult(graph: Graph, creation: Creation): BusEvent {
  const failed = creation.state === 'FAILED';
  return organizationsEvent(graph, 'CreateAccountResult', 'AWS Internal', {
    createAccountStatus: {
      id: creation.id,
      state: creation.state,
      accountName: '****',
      ...(failed ? { failureReason: creation.failureReason } : { accountId: creation.accountId }),
      requestedTimestamp: recordTime(creation.requested),
      completedTimestamp: recordTime(creation.completed ?? Date.now()),
    },
  });
}

export function closeAccountResult(graph: Graph, accountId: string, requested: number): BusEvent {
  return organizationsEvent(graph, 'CloseAccountResult', 'organizations.amazonaws.com', {
    closeAccountStatus: {
      accountId,
      state: 'SUCCEEDED',
      requestedTimestamp: recordTime(requested),
      completedTimestamp: recordTime(Date.now()),
    },
  });
}

/** AWS documents the field names `joinedMethod` and `joinedTime` (announced 28 May 2026), and prints no sample of the whole record. */
export function accountJoined(graph: Graph, account: Account): BusEvent {
  return organizationsEvent(graph, 'AccountJoinedOrganization', 'organizations.amazonaws.com', {
    accountId: account.id,
    joinedMethod: account.joinedMethod === 'CREATED' ? 'Created' : 'Invited',
    joinedTime: recordTime(account.joined),
  });
}

/** See {@link accountJoined}: `departedMethod` and `departedTime` are the documented names. */
export function accountDeparted(graph: Graph, accountId: string, method: 'Left' | 'Removed'): BusEvent {
  return organizationsEvent(graph, 'AccountDepartedOrganization', 'organizations.amazonaws.com', {
    accountId,
    departedMethod: method,
    departedTime: recordTime(Date.now()),
  });
}

/** The event that Control Tower sends for an enrolled account. The sandbox has no Control Tower. */
export function createManagedAccount(graph: Graph, account: Account): BusEvent {
  const unit = graph.units.get(account.parentId);
  const time = new Date().toISOString().replace(/\.\d+Z$/, '+0000');
  return serviceEvent('aws.controltower', viaService, graph.managementAccountId, {
    ...record('controltower.amazonaws.com', 'CreateManagedAccount'),
    userIdentity: { accountId: graph.managementAccountId, invokedBy: 'AWS Internal' },
    sourceIPAddress: 'AWS Internal',
    userAgent: 'AWS Internal',
    eventType: 'AwsBusEvent',
    serviceEventDetails: {
      createManagedAccountStatus: {
        organizationalUnit: { organizationalUnitName: unit?.name, organizationalUnitId: unit?.id },
        account: { accountName: account.name, accountId: account.id },
        state: 'SUCCEEDED',
        message: 'AWS Control Tower successfully created a managed account.',
        requestedTimestamp: time,
        completedTimestamp: time,
      },
    },
  });
}

export interface Outcome {
  responseElements?: object;
  errorCode?: string;
  errorMessage?: string;
}

/** The record of a call that changes an organization, in the calling account. Names and mail addresses are masked, as AWS does. */
export function organizationsCall(call: Call, identity: object, outcome: Outcome): BusEvent {
  const { responseElements, ...error } = outcome;
  const response = recordForm(responseElements ?? {}) as object;
  return serviceEvent('aws.organizations', 'AWS API Call via CloudTrail', call.accountId, {
    ...record('organizations.amazonaws.com', call.action),
    userIdentity: identity,
    sourceIPAddress: call.sourceAddress,
    userAgent: call.headers['user-agent'] ?? '',
    requestParameters: recordForm(call.parameters),
    responseElements: Object.keys(response).length > 0 ? response : null,
    ...error,
    requestID: randomUUID(),
    eventType: 'AwsApiCall',
    recipientAccountId: call.accountId,
  });
}

const viaService = 'AWS Service Event via CloudTrail';

function organizationsEvent(graph: Graph, name: string, by: string, details: object): BusEvent {
  return serviceEvent('aws.organizations', viaService, graph.managementAccountId, {
    ...record('organizations.amazonaws.com', name),
    userIdentity: { accountId: graph.managementAccountId, invokedBy: by },
    sourceIPAddress: by,
    userAgent: by,
    requestParameters: null,
    responseElements: null,
    eventType: 'AwsBusEvent',
    recipientAccountId: graph.managementAccountId,
    serviceEventDetails: details,
  });
}

function record(eventSource: string, eventName: string): Record<string, unknown> {
  return {
    eventVersion: '1.08',
    eventTime: `${new Date().toISOString().slice(0, 19)}Z`,
    eventSource,
    eventName,
    awsRegion: lifecycleRegion,
    eventID: randomUUID(),
    readOnly: false,
    managementEvent: true,
    eventCategory: 'Management',
  };
}

const masked = new Set(['accountName', 'email']);

/** API members in a record's spelling: first letter small, times as text, personal data masked. */
function recordForm(value: unknown, key = ''): unknown {
  if (masked.has(key)) return '****';
  if (typeof value === 'number' && key.endsWith('Timestamp')) return recordTime(value * 1000);
  if (Array.isArray(value)) return value.map((item) => recordForm(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => {
      const small = name.charAt(0).toLowerCase() + name.slice(1);
      return [small, recordForm(member, small)];
    }),
  );
}
