// npm run test:api: starts the sandbox with a whole service and has Schemathesis send requests that it makes from the
// OpenAPI document, for a minute. No answer may be of status 500 or above, or differ from the document.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startWorld, type World } from '../../sandbox/demo/world.ts';
import { blueprint } from '../../sandbox/seed/organization.ts';

/** What Schemathesis writes goes there as well. */
const directory = fileURLToPath(new URL('../../.portcullis/schemathesis', import.meta.url));
const configuration = fileURLToPath(new URL('schemathesis.toml', import.meta.url));
const seconds = 60;

const checks = [
  ...[
    'not_a_server_error',
    'status_code_conformance',
    'content_type_conformance',
    'response_headers_conformance',
  ],
  ...[
    'response_schema_conformance',
    'negative_data_rejection',
    'unsupported_method',
    'allow_header_conformance',
  ],
  ...['missing_required_header', 'ignored_auth'],
];

/** One account is enough: this is about requests, and the runs that they ask for share the processor. */
const settings = {
  PORTCULLIS_EXCLUDE: [blueprint.managementAccountId, ...blueprint.members.slice(1).map(({ id }) => id)].join(
    ',',
  ),
  PORTCULLIS_VERIFY_HOURS: '0',
};

async function untilReady({ controlPlane }: World): Promise<void> {
  for (const end = performance.now() + 120_000; performance.now() < end; await pause(200))
    if ((await controlPlane.request('/readyz')).ok) return;
  throw new Error('the service was not ready within 2 minutes');
}

/** The exit code of Schemathesis: 0 where it found nothing. */
function explore({ controlPlane: { url, token } }: World): Promise<number> {
  // One worker: in Python 3.11 two threads that parse source at once can end each other (CPython issue 106905).
  const words = [
    ...[
      '--config-file',
      configuration,
      'run',
      `${url}/openapi.json`,
      '--header',
      `Authorization: Bearer ${token}`,
    ],
    ...['--checks', checks.join(), '--phases', 'examples,coverage,fuzzing', '--max-time', String(seconds)],
    ...['--workers', '1', '--seed', '1', '--generation-database', 'none', '--no-color'],
    ...['--continue-on-failure', '--suppress-health-check', 'all', '--warnings', 'off'],
  ];
  const child = spawn(join(directory, 'bin', 'schemathesis'), words, { cwd: directory, stdio: 'inherit' });
  return new Promise((ended, failed) => {
    child.once('error', failed);
    child.once('exit', (code) => ended(code ?? 1));
  });
}

const world = await startWorld(settings);
try {
  await untilReady(world);
  const code = await explore(world);
  const { status } = await world.controlPlane.request('/healthz');
  if (status !== 200) console.error(`after that /healthz answers ${status}`);
  process.exitCode = status === 200 ? code : 1;
} finally {
  await world.stop();
}
