// A control plane's engine in a process of its own, to be killed.
import { pulumiEngine } from '../../controlplane/pulumi/engine.ts';

const { settings, stack } = JSON.parse(process.argv[2] ?? '{}');
try {
  const { changes } = await pulumiEngine(settings).operate(
    { kind: 'up', stack, recover: false, known: false },
    new AbortController().signal,
  );
  console.log(`done ${changes.length}`);
} catch (error) {
  console.log(`failed ${(error as Error).message}`);
}
