// node sandbox/demo/open-group.ts [--account <id>] [--region <region>] [--port <port>] [--wait <seconds>]: opens a port
// to the world in a new security group of the sandbox at AWS_ENDPOINT_URL, and reports whether the rule is revoked.
import { parseArgs } from 'node:util';
import { openToTheWorld } from './security-group.ts';

const { values } = parseArgs({
  options: {
    account: { type: 'string', default: '300000000001' },
    region: { type: 'string', default: 'eu-central-1' },
    port: { type: 'string', default: '22' },
    wait: { type: 'string', default: '10' },
  },
});
const endpoint = process.env.AWS_ENDPOINT_URL;
if (!endpoint || !/^(127\.0\.0\.1|localhost|\[::1\])$/.test(new URL(endpoint).hostname)) {
  console.error(
    'AWS_ENDPOINT_URL must be the address of a sandbox on this machine; run npm run sandbox first',
  );
  process.exit(2);
}
/** The root user of a sandbox account: its access key is the account id. */
const root = (accountId: string, region?: string) => ({
  endpoint,
  region: region ?? 'us-east-1',
  credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
});

const group = await openToTheWorld(
  { root },
  { accountId: values.account, region: values.region, port: Number(values.port) },
);
console.log(
  `opened tcp/${values.port} to 0.0.0.0/0 in ${group.groupId} of ${values.account} ${values.region}`,
);
const waitMs = Number(values.wait) * 1000;
let open = true;
while (open && Date.now() - group.openedAt < waitMs) {
  await new Promise((next) => setTimeout(next, 20));
  open = (await group.ruleIds()).includes(group.ruleId);
}
const seconds = ((Date.now() - group.openedAt) / 1000).toFixed(2);
console.log(open ? `still open after ${seconds} s` : `revoked after ${seconds} s`);
