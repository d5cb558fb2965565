import { z } from 'zod';
import type { Answer, Call, Interceptor } from '../gateway/call.ts';
import {
  jsonAnswer,
  Refusal,
  refusalAnswer,
  refusedByEmulator,
  unknownCaller,
  xmlAnswer,
} from '../gateway/refusal.ts';
import type { Organization } from './api.ts';
import { serviceEvent } from './events.ts';
import { accessDenied, isAdministrator } from './graph.ts';

type OptStatus = 'ENABLED_BY_DEFAULT' | 'ENABLED' | 'ENABLING' | 'DISABLED' | 'DISABLING';

/** The Regions that exist in the sandbox, and whether an account must opt in. */
const optIn = new Map([
  ['us-east-1', false],
  ['eu-west-1', false],
  ['eu-central-1', false],
  ['af-south-1', true],
]);

export const regionNames: readonly string[] = [...optIn.keys()];

/** Services with one endpoint for all Regions. */
const globalServices = new Set(['iam', 'organizations', 'account']);

export interface Regions {
  interceptor: Interceptor;
  /** Regions that the account may use. */
  enabled(accountId: string): string[];
}

/** Which Regions each account has: EC2's and Account Management's view of them, and the refusal of calls to the others. */
export function regions(organization: Organization): Regions {
  const choices = optIns(organization);
  const outside = (call: Call): boolean =>
    !globalServices.has(call.service) && !choices.usable(call.accountId, call.region);
  return {
    enabled: (accountId) => regionNames.filter((region) => choices.usable(accountId, region)),
    interceptor: {
      name: 'regions',
      matches: (call) =>
        call.service === 'account' ||
        (call.service === 'ec2' && call.action === 'DescribeRegions') ||
        outside(call),
      async handle(call, forward) {
        if (outside(call)) {
          return unknownCaller(call, `Region ${call.region} is not enabled in account ${call.accountId}.`);
        }
        const refused = await refusedByEmulator(forward);
        if (refused) return refused;
        if (call.service === 'account') return serveAccount(organization, choices, call);
        return describeRegions(call, (region) => choices.status(call.accountId, region));
      },
    },
  };
}

interface OptIns {
  status(accountId: string, region: string): OptStatus;
  usable(accountId: string, region: string): boolean;
  /** Starts to enable or disable a Region. @throws ValidationException, ConflictException */
  choose(accountId: string, region: string, on: boolean): object;
}

function optIns({ world }: Organization): OptIns {
  const chosen = new Map<string, OptStatus>();
  const status = (accountId: string, region: string): OptStatus =>
    optIn.get(region) ? (chosen.get(`${accountId}/${region}`) ?? 'DISABLED') : 'ENABLED_BY_DEFAULT';

  function change(accountId: string, region: string, next: OptStatus): void {
    chosen.set(`${accountId}/${region}`, next);
    const detail = { accountId, regionName: region, status: next };
    const resources = [`arn:aws:account::${accountId}:account`];
    world.announce(serviceEvent('aws.account', 'Region Opt-In Status Change', accountId, detail, resources));
  }

  return {
    status,
    usable: (accountId, region) =>
      optIn.has(region) && ['ENABLED', 'ENABLED_BY_DEFAULT'].includes(status(accountId, region)),
    choose(accountId, region, on) {
      const present = status(accountId, region);
      if (present === 'ENABLED_BY_DEFAULT') {
        throw new Refusal(
          'ValidationException',
          `Region ${region} is enabled by default and cannot be changed.`,
        );
      }
      if (present === 'ENABLING' || present === 'DISABLING') {
        throw new Refusal('ConflictException', `Region ${region} is ${present}.`, {}, 409);
      }
      if (present === (on ? 'ENABLED' : 'DISABLED')) return {};
      change(accountId, region, on ? 'ENABLING' : 'DISABLING');
      world.later(world.delays.regionOptIn, async () =>
        change(accountId, region, on ? 'ENABLED' : 'DISABLED'),
      );
      return {};
    },
  };
}

type AccountOperation = (choices: OptIns, accountId: string, input: z.infer<typeof accountInput>) => object;

const accountApi: Record<string, AccountOperation> = {
  'POST /listRegions': (choices, accountId, input) => ({
    Regions: regionNames
      .map((RegionName) => ({ RegionName, RegionOptStatus: choices.status(accountId, RegionName) }))
      .filter((one) => input.RegionOptStatusContains?.includes(one.RegionOptStatus) ?? true),
  }),
  'POST /getRegionOptStatus': (choices, accountId, input) => {
    const region = known(input.RegionName);
    return { RegionName: region, RegionOptStatus: choices.status(accountId, region) };
  },
  'POST /enableRegion': (choices, accountId, input) =>
    choices.choose(accountId, known(input.RegionName), true),
  'POST /disableRegion': (choices, accountId, input) =>
    choices.choose(accountId, known(input.RegionName), false),
};

function serveAccount(organization: Organization, choices: OptIns, call: Call): Answer {
  try {
    const run = accountApi[call.action];
    if (!run) throw new Refusal('UnknownOperationException', `The sandbox has no ${call.action}.`);
    const input = accountInput.safeParse(call.parameters);
    if (!input.success) throw new Refusal('ValidationException', z.prettifyError(input.error));
    const about = subject(organization, call.accountId, input.data.AccountId);
    return jsonAnswer(200, run(choices, about, input.data));
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return refusalAnswer(call, error);
  }
}

const accountInput = z.object({
  AccountId: z
    .string()
    .regex(/^\d{12}$/)
    .optional(),
  RegionName: z.string().optional(),
  RegionOptStatusContains: z.array(z.string()).optional(),
});

/** The account that an Account Management call is about: the caller, or a member when the management account or a delegated administrator names it. */
function subject(organization: Organization, callerId: string, accountId: string | undefined): string {
  if (accountId === undefined) return callerId;
  const graph = organization.graphOf(callerId);
  const permitted =
    graph !== undefined &&
    isAdministrator(graph, callerId) &&
    graph.serviceAccess.has('account.amazonaws.com') &&
    graph.accounts.has(accountId) &&
    accountId !== graph.managementAccountId;
  if (!permitted) throw accessDenied(`Not authorized to manage account ${accountId}.`);
  return accountId;
}

/** @throws ValidationException */
function known(region: string | undefined): string {
  if (region !== undefined && optIn.has(region)) return region;
  throw new Refusal('ValidationException', `${region} is not a Region.`);
}

const list = z.union([z.array(z.string()), z.string().transform((one) => [one])]).default([]);
const describeInput = z.object({
  AllRegions: z.union([z.boolean(), z.stringbool()]).default(false),
  RegionName: list,
  Filter: z.array(z.object({ Name: z.string(), Value: list })).default([]),
});

function describeRegions(call: Call, status: (region: string) => OptStatus): Answer {
  const input = describeInput.parse(call.parameters);
  const unknown = input.RegionName.filter((name) => !optIn.has(name));
  if (unknown.length > 0) {
    return refusalAnswer(
      call,
      new Refusal('InvalidParameterValue', `Invalid region names: ${unknown.join(', ')}`),
    );
  }
  const words = { ENABLED_BY_DEFAULT: 'opt-in-not-required', ENABLED: 'opted-in' } as Partial<
    Record<OptStatus, string>
  >;
  const shown = regionNames
    .map((name) => ({
      'region-name': name,
      endpoint: `ec2.${name}.amazonaws.com`,
      'opt-in-status': words[status(name)] ?? 'not-opted-in',
    }))
    .filter((one) => input.AllRegions || one['opt-in-status'] !== 'not-opted-in')
    .filter((one) => input.RegionName.length === 0 || input.RegionName.includes(one['region-name']))
    .filter((one) =>
      input.Filter.every((filter) =>
        filter.Value.includes(Object.entries(one).find(([name]) => name === filter.Name)?.[1] ?? ''),
      ),
    );
  const items = shown.map(
    (one) =>
      `<item><regionName>${one['region-name']}</regionName><regionEndpoint>${one.endpoint}</regionEndpoint>` +
      `<optInStatus>${one['opt-in-status']}</optInStatus></item>`,
  );
  return xmlAnswer(
    200,
    `<DescribeRegionsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><regionInfo>${items.join('')}</regionInfo></DescribeRegionsResponse>`,
  );
}
