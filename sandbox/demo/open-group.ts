// node sandbox/demo/open-group.ts [--account <id>] [--region <region>] [--port <port>] [--wait <seconds>]: opens a port
// to the world in a new security group of the sandbox at AWS_ENDPOINT_URL, and waits until the rule is revoked. Exit code
// 1: it was still open at the end. 2: wrong use.
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
const port = Number(values.port);
const waitSeconds = Number(values.wait);
const isLocal = (url: string) =>
  URL.canParse(url) && /^(127\.0\.0\.1|localhost|\[::1\])$/.test(new URL(url).hostname);
const mistakes = [
  ...(/^\d+$/.test(values.port) && port <= 65_535
    ? []
    : [`--port: "${values.port}" is not a port; give a number from 0 to 65535`]),
  ...(/^\d+(\.\d+)?$/.test(values.wait)
    ? []
    : [`--wait: "${values.wait}" is not a number of seconds; give one such as 10`]),
  ...(endpoint && isLocal(endpoint)
    ? []
    : ['AWS_ENDPOINT_URL must be the address of a sandbox on this machine; run npm run sandbox first']),
];
if (!endpoint || mistakes.length > 0) {
  console.error(mistakes.join('\n'));
  process.exit(2);
}
/** The root user of a sandbox account: its access key is the account id. */
const root = (accountId: string, region?: string) => ({
  endpoint,
  region: region ?? 'us-east-1',
  credentials: { accessKeyId: accountId, secretAccessKey: 'test' },
});

const group = await openToTheWorld({ root }, { accountId: values.account, region: values.region, port });
console.log(
  `opened tcp/${values.port} to 0.0.0.0/0 in ${group.groupId} of ${values.account} ${values.region}`,
);
const waitMs = waitSeconds * 1000;
let open = true;
while (open && Date.now() - group.openedAt < waitMs) {
  await new Promise((next) => setTimeout(next, 20));
  open = (await group.ruleIds()).includes(group.ruleId);
}
const seconds = ((Date.now() - group.openedAt) / 1000).toFixed(2);
console.log(open ? `still open after ${seconds} s` : `revoked after ${seconds} s`);
process.exitCode = open ? 1 : 0;
