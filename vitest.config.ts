import { globSync, readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';
import type { Reporter, TestModule } from 'vitest/node';

const ci = process.env.CI !== undefined && process.env.CI !== 'false';

/** Puts the reason of every skipped test into the report, which holds none, and prints it. */
const skipReasons: Reporter = {
  onTestCaseResult(test) {
    const result = test.result();
    if (result.state !== 'skipped') return;
    const reason = result.note ?? 'no reason given';
    Object.assign(test.meta(), { skipReason: reason });
    console.log(`skipped: ${test.fullName}: ${reason}`);
  },
};

/** Prints how long each project took, from its first file to its last. */
function projectTimes(): Reporter {
  const times = new Map<string, { begun: number; ended: number }>();
  const seen = ({ project }: TestModule) => {
    const now = performance.now();
    const begun = times.get(project.name)?.begun ?? now;
    times.set(project.name, { begun, ended: now });
  };
  return {
    onTestModuleQueued: seen,
    onTestModuleEnd: seen,
    onTestRunEnd() {
      for (const [name, { begun, ended }] of times)
        console.log(`${name}: ${Math.round((ended - begun) / 1000)} s`);
    },
  };
}

/** Makes what database tests share in a run: a migrated image of PGlite, or one Postgres. */
const globalSetup = 'test/database-run.ts';

/** Node's compiled modules, for the processes that the tests start: the service, its threads and its commands. */
const compileCache = new URL('.portcullis/compile-cache', import.meta.url).pathname;

/** Tests that use a database take the `test` of test/worlds/database.ts. */
const usesDatabase = /\bdatabaseTest\b/;
const databaseTests = globSync('test/unit/**/*.test.ts', { cwd: import.meta.dirname }).filter((file) =>
  usesDatabase.test(readFileSync(new URL(file, import.meta.url), 'utf8')),
);

/** Minutes each, of killing and waiting or of 40,000 groups: with the fault suite, apart from `npm test`. */
const killing = [
  'test/sandbox/controlplane/pulumi/recovery.test.ts',
  'test/sandbox/controlplane/kill.test.ts',
  'test/sandbox/controlplane/sweep/listing-large.test.ts',
];

/**
 * Half a minute and more each, about one part that seldom changes: `npm run test:long`, and in CI. Every operation of
 * the Pulumi engine takes two seconds of a processor, and these make most of them.
 */
const long = [
  'test/sandbox/controlplane/graceful-stop.test.ts',
  'test/sandbox/controlplane/offboarding/changed-settings.test.ts',
  'test/sandbox/controlplane/offboarding/offboarding.test.ts',
  'test/sandbox/controlplane/offboarding/uninstall.test.ts',
  'test/sandbox/controlplane/organization/access-nested.test.ts',
  'test/sandbox/controlplane/pulumi/state.test.ts',
  'test/sandbox/controlplane/reconcile/hub-policy.test.ts',
  'test/sandbox/controlplane/reconcile/region-deny.test.ts',
  'test/sandbox/controlplane/remediations/own-rule.test.ts',
  'test/sandbox/controlplane/store/backup.test.ts',
  'test/sandbox/controlplane/trails/own-trail.test.ts',
  'test/sandbox/controlplane/verify/killed.test.ts',
  'test/sandbox/docs/first-day.test.ts',
  'test/sandbox/docs/first-run.test.ts',
  'test/sandbox/docs/plain-pulumi.test.ts',
  'test/sandbox/least-privilege/statements.test.ts',
  'test/sandbox/programs/disabled-rule.test.ts',
  'test/sandbox/sandbox/provider/chain.test.ts',
  'test/sandbox/sandbox/provider/dynamodb.test.ts',
  'test/sandbox/sandbox/provider/provider.test.ts',
];

/** In `npm test` with a tenth of the trials or less. */
const fuzzing = [
  'test/unit/lambda/fuzz.test.ts',
  'test/unit/lambda/fuzz-grammar.test.ts',
  'test/unit/lambda/policy/evaluate-oracle.test.ts',
];

// Times are at least ten times what an idle machine needs: other processes may use it as well.
const unit = { globalSetup, testTimeout: 120_000, hookTimeout: 120_000 };
const sandbox = {
  globalSetup,
  testTimeout: 600_000,
  hookTimeout: 600_000,
  env: { NODE_COMPILE_CACHE: compileCache },
};

export default defineConfig({
  test: {
    reporters: ['default', skipReasons, projectTimes(), ...(ci ? ['json'] : [])],
    outputFile: { json: '.portcullis/test-report.json' },
    projects: [
      {
        test: {
          name: 'unit',
          ...unit,
          include: ['test/unit/**/*.test.ts'],
          // Loading modules anew for each file would take most of the time.
          isolate: false,
          // One more than processors: some tests wait for a database's clock.
          maxWorkers: 3,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // The database tests again, on a Postgres: `npm run test:postgres`, and in CI.
        test: {
          name: 'postgres',
          ...unit,
          include: databaseTests,
          env: { TEST_DATABASE: 'postgres' },
          isolate: false,
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Each file starts a whole organization, after the quick ones.
        test: {
          name: 'sandbox',
          ...sandbox,
          include: ['test/sandbox/**/*.test.ts'],
          exclude: [...killing, ...long],
          // One more than processors: they wait for each other's answers.
          maxWorkers: 3,
          sequence: { groupOrder: 3 },
        },
      },
      {
        test: {
          name: 'long',
          ...sandbox,
          include: long,
          maxWorkers: 3,
          sequence: { groupOrder: 4 },
        },
      },
      {
        // Long, and apart from `npm test`: `npm run test:faults`.
        test: {
          name: 'faults',
          ...sandbox,
          include: ['test/faults/**/*.test.ts', ...killing, ...fuzzing],
          env: { ...sandbox.env, FUZZ: 'full' },
          fileParallelism: false,
          testTimeout: 3_600_000,
          sequence: { groupOrder: 5 },
        },
      },
    ],
  },
});
