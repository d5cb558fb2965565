import { beforeEach, describe, expect, test } from 'vitest';
import { regionNames } from '../../../../controlplane/organization/region-names.ts';

/** What EC2 answers, and how often it was asked. */
let answered: string[] | Error;
let asked: number;
let facts: Map<string, unknown>;
beforeEach(() => {
  answered = ['us-east-1', 'eu-west-1', 'ap-southeast-9'];
  asked = 0;
  facts = new Map();
});

const names = (regions?: string[], hubRegion = 'eu-west-1') =>
  regionNames({
    aws: {
      ec2: async () =>
        ({
          async send() {
            asked += 1;
            if (answered instanceof Error) throw answered;
            return { Regions: answered.map((RegionName) => ({ RegionName })) };
          },
        }) as never,
    },
    settings: {
      ...{ hub: { accountId: '222222222222', region: hubRegion }, regions },
      controlTowerRegion: undefined,
    },
    facts: {
      get: async <T>(name: string) =>
        facts.has(name) ? { value: facts.get(name) as T, updatedAt: new Date() } : undefined,
      set: async (name, value) => void facts.set(name, value),
    },
  });

describe('the Regions of the settings', () => {
  test('that this program lists are taken without asking AWS', async () => {
    await names(['us-east-1', 'eu-west-1']).requireSettings();
    expect(asked).toBe(0);
  });

  test('that AWS answers and this program does not list are taken, and stay known where AWS is away', async () => {
    await names(['ap-southeast-9']).requireSettings();
    answered = new Error('ECONNREFUSED');
    await names(['ap-southeast-9']).requireSettings();
    expect(asked).toBe(1);
  });

  test('that AWS does not answer are refused with the one that was meant', async () => {
    await expect(names(['us-east-1', 'eu-wset-1']).requireSettings()).rejects.toMatchObject({
      code: 'invalid-environment',
      message: 'PORTCULLIS_REGIONS names eu-wset-1, which is not a known AWS Region; did you mean eu-west-1?',
    });
  });

  test('that AWS cannot be asked about are refused, and it says why', async () => {
    answered = new Error('no credentials');
    await expect(names(['eu-wset-1']).requireSettings()).rejects.toMatchObject({
      code: 'invalid-environment',
      message: expect.stringMatching(
        /AWS could not be asked about it \(no credentials\); did you mean eu-west-1\?/,
      ),
    });
  });

  test('are checked in the hub Region too', async () => {
    await expect(names(undefined, 'eu-wset-1').requireSettings()).rejects.toThrow(
      /^PORTCULLIS_HUB_REGION names eu-wset-1/,
    );
  });
});

test('a Region of a request is refused as a wrong request', async () => {
  await expect(names().requireScope(['eu-wset-1'])).rejects.toMatchObject({
    code: 'invalid-request',
    message: 'regions: eu-wset-1 is not a known AWS Region; did you mean eu-west-1?',
  });
  await names().requireScope(['eu-west-1']);
  await names().requireScope(undefined);
});
