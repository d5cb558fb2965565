// node summary.mjs <vitest JSON report>: names what failed or was skipped, then counts, on the last line.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * @typedef {{ fullName: string, status: string, meta?: { skipReason?: string } }} TestResult
 * @typedef {{ name: string, status: string, message: string, assertionResults: TestResult[] }} FileResult
 */

/**
 * The lines to print for a report, and whether the run was a success. A file that failed without a failed
 * test (it did not load, or a hook threw) counts as one failure; a test that never ran counts as skipped.
 * A run with no test passed is no success.
 * @param {{ success: boolean, testResults: FileResult[] }} report
 * @returns {{ lines: string[], success: boolean }}
 */
export function summarize(report) {
  const tests = report.testResults.flatMap((file) => file.assertionResults);
  const failed = tests.filter(({ status }) => status === 'failed');
  const passed = tests.filter(({ status }) => status === 'passed');
  const skipped = tests.filter((test) => !failed.includes(test) && !passed.includes(test));
  const broken = report.testResults.filter(
    (file) => file.status === 'failed' && !file.assertionResults.some(({ status }) => status === 'failed'),
  );
  const failures = failed.length + broken.length;
  const count = `${passed.length} passed, ${failures} failed`;
  return {
    lines: [
      ...skipped.map((test) => `skipped: ${test.fullName}: ${test.meta?.skipReason ?? 'no reason given'}`),
      ...failed.map((test) => `failed: ${test.fullName}`),
      ...broken.map((file) => `failed: ${path.basename(file.name)}: ${file.message.split('\n')[0]}`),
      skipped.length > 0 ? `${count}, ${skipped.length} skipped` : count,
    ],
    success: report.success && failures === 0 && passed.length > 0,
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const file = process.argv[2] ?? '';
  const report = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined;
  const { lines, success } = report
    ? summarize(report)
    : { lines: [`no ${file}: the tests did not run to their end`], success: false };
  console.log(lines.join('\n'));
  process.exitCode = success ? 0 : 1;
}
