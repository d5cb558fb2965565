import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** A group that breaks a rule, as `<account>/<Region>/<group>`. */
export type Offender = string;

async function folders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
}

/**
 * The groups in the output of c7n-org, which has `<account's name>/<Region>/<policy>/resources.json` for each run.
 * @throws where a cell has no result of the policy
 */
export async function custodianOffenders(
  output: string,
  policy: string,
  cells: readonly { readonly accountId: string; readonly name: string; readonly region: string }[],
): Promise<Set<Offender>> {
  const offenders = new Set<Offender>();
  for (const { accountId, name, region } of cells) {
    const text = await readFile(join(output, name, region, policy, 'resources.json'), 'utf8');
    for (const { GroupId } of JSON.parse(text)) offenders.add(`${accountId}/${region}/${GroupId}`);
  }
  const found = (await folders(output)).length;
  const asked = new Set(cells.map(({ name }) => name)).size;
  if (found !== asked) throw new Error(`c7n-org wrote results of ${found} accounts, not ${asked}`);
  return offenders;
}

/**
 * The groups in the JSON lines of `portcullis sweep --standalone`; those that a prefix list opens are apart.
 * @throws where a cell was not checked, or the last line is missing
 */
export async function portcullisOffenders(
  file: string,
): Promise<{ direct: Set<Offender>; throughList: Set<Offender> }> {
  const lines = (await readFile(file, 'utf8')).split('\n').filter((line) => line !== '');
  const direct = new Set<Offender>();
  const throughList = new Set<Offender>();
  let checked = false;
  for (const line of lines) {
    const { type, accountId, region, groupId, source, counts } = JSON.parse(line);
    if (type === 'summary') checked = counts.notChecked === 0;
    if (type !== 'finding') continue;
    (source.startsWith('pl-') ? throughList : direct).add(`${accountId}/${region}/${groupId}`);
  }
  if (!checked) throw new Error('the sweep did not end, or did not check every cell');
  for (const group of direct) throughList.delete(group);
  return { direct, throughList };
}
