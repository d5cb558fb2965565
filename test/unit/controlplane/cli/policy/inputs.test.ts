import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { file, policy, policyJson, samples } from './cli.ts';

const cases = 'test/fixtures/cases';
const read = async (path: string) => JSON.parse(await readFile(path, 'utf8'));
const events = async (path: string) => (await policyJson('test', '--events', path)).answer.events;
const groups = async (path: string) => (await policyJson('test', '--groups', path)).answer;

describe('policy test of events', () => {
  it('reads what aws cloudtrail lookup-events prints, as JSON and as YAML', async () => {
    const found = await read(`${cases}/lookup-events.json`);
    const yaml = await file('lookup-events.yaml', stringify(found));
    const [one] = await events(`${cases}/lookup-events.json`);
    expect(one).toMatchObject({
      ...{ eventId: '5f1c', account: '300000000001', region: 'eu-west-1', reading: 'inspected' },
      ...{
        principal: 'arn:aws:iam::300000000001:user/sam',
        asked: { rules: [{ rule: 'tcp/22/0.0.0.0/0' }] },
      },
    });
    expect(await events(yaml)).toEqual([one]);
  });

  it('reads one record on each line, packed too, and each line of lookup-events', async () => {
    const text = await readFile(`${cases}/two-records.ndjson`, 'utf8');
    const ids = (list: { eventId: string }[]) => list.map(({ eventId }) => eventId);
    expect(ids(await events(`${cases}/two-records.ndjson`))).toEqual(['5f1c', '5f1d']);
    expect(ids(await events(await file('two.ndjson.gz', gzipSync(text))))).toEqual(['5f1c', '5f1d']);
    expect(ids(await events(await file('windows.ndjson', text.replaceAll('\n', '\r\n'))))).toHaveLength(2);
    const { Events } = await read(`${cases}/lookup-events.json`);
    const lines = [Events[0], Events[0]].map((each) => JSON.stringify(each)).join('\n\n');
    expect(ids(await events(await file('looked-up.ndjson', lines)))).toEqual(['5f1c', '5f1c']);
  });

  it('reads log files of CloudTrail in a directory, packed or not', async () => {
    const [record] = (await readFile(`${cases}/two-records.ndjson`, 'utf8')).split('\n');
    const log = `{"Records": [${record}]}`;
    const path = await file('eu-west-1/log.json', log);
    await file('eu-west-1/2026/log.json.gz', gzipSync(log));
    await file('eu-west-1/2026/log.ndjson', `${record}\n${record}\n`);
    expect(await events(path.replace(/\/log\.json$/, ''))).toHaveLength(4);
  });

  it.each([
    [
      'a line that breaks off',
      (text: string) => text.trimEnd().slice(0, -9),
      'x.ndjson: line 2: is not JSON',
    ],
    ['a line that is no JSON', (text: string) => `${text}foo: : [\n`, 'x.ndjson: line 3: is not JSON'],
    [
      'a line that is nested too deep',
      (text: string) => `${text}${'{"a":'.repeat(200)}1${'}'.repeat(200)}\n`,
      'x.ndjson: line 3: is nested deeper',
    ],
    ['a line that is no record', (text: string) => `${text}{}\n`, 'event 3: is neither'],
  ])('refuses %s with its place', async (_, change, reason) => {
    const text = await readFile(`${cases}/two-records.ndjson`, 'utf8');
    const { exit, complaint } = await policy('test', '--events', await file('x.ndjson', change(text)));
    expect(exit).toBe(2);
    expect(complaint).toContain(reason);
  });

  it('refuses the words of lookup-events where they are no record', async () => {
    const Events = [{ CloudTrailEvent: '{"eventName"' }];
    const { complaint } = await policy('test', '--events', await file('cut.json', { Events }));
    expect(complaint).toMatch(/cut\.json: event 1: CloudTrailEvent: line 1: is not JSON/);
  });
});

describe('policy test of security groups', () => {
  it.each([samples.groups, samples.rules])('evaluates %s the same in YAML', async (path) => {
    const { at: _, ...fromJson } = await groups(path);
    const fromYaml = await groups(await file('export.yaml', stringify(await read(path))));
    expect(fromYaml).toMatchObject(fromJson);
    expect(fromYaml.counts.rules).toBe(11);
  });

  it('refuses YAML that it cannot read with line and hint, all mistakes at once', async () => {
    const text = 'SecurityGroups:\n- GroupId: sg-01\n  GroupName: *-prod\n  Tags: [!x]\n  GroupId: sg-02\n';
    const { exit, complaint } = await policy('test', '--groups', await file('export.yaml', text));
    expect(exit).toBe(2);
    expect(complaint.replaceAll(/\S*\/export\.yaml/g, 'export.yaml')).toMatchInlineSnapshot(`
      "portcullis: export.yaml: line 4: Unresolved tag: !x; ! begins a YAML tag; write it in quotes: '!x'
        export.yaml: line 5: Map keys must be unique; GroupId is written twice; leave one of them out"
    `);
  });

  it.each([
    ['UTF-8 with a byte order mark', 'groups-utf8-bom.json'],
    ['UTF-16 as PowerShell writes it', 'groups-powershell-utf16.json'],
  ])('reads %s', async (_, name) => {
    const [group] = (await groups(`${cases}/${name}`)).groups;
    expect(group.rules).toMatchObject([{ rule: 'tcp/22/0.0.0.0/0', verdict: 'violation' }]);
  });

  const text = '{"SecurityGroups": []}';
  const utf16 = Buffer.from(text, 'utf16le');
  it.each<[string, Buffer]>([
    ['UTF-16, the other byte order', Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from(utf16).swap16()])],
    ['a mark and gzip', gzipSync(Buffer.concat([Buffer.from([0xff, 0xfe]), utf16]))],
  ])('reads %s', async (_, bytes) => {
    expect((await groups(await file('encoded.json', bytes))).counts.groups).toBe(0);
  });

  const swapped = Buffer.from(utf16).swap16();
  it.each<[string, Buffer, string]>([
    ['UTF-16 without a mark', utf16, 'is UTF-16 (little-endian) without a byte order mark'],
    ['big-endian UTF-16 without a mark', swapped, 'is UTF-16 (big-endian) without a byte order mark'],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0]), 'is UTF-32 (little-endian)'],
    ['Windows-1252', Buffer.from('{"a": "caf\u00e9"}', 'latin1'), 'is not UTF-8'],
    ['a mark and other bytes', Buffer.from([0xef, 0xbb, 0xbf, 0xff]), 'is not UTF-8'],
  ])('refuses %s with the encoding and the fix', async (_, bytes, reason) => {
    const { exit, complaint } = await policy('test', '--groups', await file('encoded.json', bytes));
    expect(exit).toBe(2);
    expect(complaint).toContain(reason);
    expect(complaint).toContain('save it as UTF-8');
  });

  it('refuses a policy with a star without quotes with line and hint', async () => {
    const { exit, complaint } = await policy(
      ...['test', '--policy', 'test/fixtures/policies/star-unquoted.yaml', '--groups', samples.groups],
    );
    expect(exit).toBe(2);
    expect(complaint).toMatch(/star-unquoted\.yaml: .*\n {2}line 5: .*write it in quotes: '\*-prod'/);
  });
});
