import { defineConfig } from 'vitest/config';
import type { Reporter } from 'vitest/node';

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

/** Minutes of killing and waiting each: with the fault suite, apart from `npm test`. */
const killing = [
  'test/sandbox/controlplane/pulumi/recovery.test.ts',
  'test/sandbox/controlplane/kill.test.ts',
];

export default defineConfig({
  test: {
    reporters: ['default', skipReasons, ...(ci ? ['json'] : [])],
    outputFile: { json: '.portcullis/test-report.json' },
    projects: [
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          testTimeout: 20_000,
          // Many wait for a database's clock rather than for a processor.
          maxWorkers: 4,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // Each file starts a whole organization: two at a time, after the quick ones.
        test: {
          name: 'sandbox',
          include: ['test/sandbox/**/*.test.ts'],
          exclude: killing,
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        // Long, and apart from `npm test`: `npm run test:faults`.
        test: {
          name: 'faults',
          include: ['test/faults/**/*.test.ts', ...killing],
          fileParallelism: false,
          testTimeout: 3_600_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
