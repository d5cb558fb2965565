// The program of plain `pulumi preview` and `pulumi up`: the same as the control plane's, with the arguments that
// it left in the stack's configuration.
import * as pulumi from '@pulumi/pulumi';
import { stackArguments } from './arguments.ts';
import { program } from './program.ts';

const given = stackArguments.safeParse(new pulumi.Config('portcullis').requireObject('arguments'));
if (!given.success) {
  const [issue] = given.error.issues;
  throw new pulumi.RunError(
    `portcullis:arguments.${issue?.path.join('.')} of stack ${pulumi.getStack()}: ${issue?.message}. ` +
      'Run `portcullis reconcile` for this stack once; it writes them.',
  );
}

export const outputs = program(given.data);
