// The program of plain `pulumi preview` and `pulumi up`: the same as the control plane's, with the arguments that
// it left in the stack's configuration.
import * as pulumi from '@pulumi/pulumi';
import { stackArguments } from './arguments.ts';
import { program } from './program.ts';

const given = stackArguments.safeParse(new pulumi.Config('portcullis').getObject('arguments'));
if (!given.success) {
  const [issue] = given.error.issues;
  const field = ['portcullis:arguments', ...(issue?.path ?? [])].join('.');
  throw new pulumi.RunError(
    `${field} in the configuration of stack ${pulumi.getStack()}: ${issue?.message}. ` +
      'Let the control plane reconcile this stack once; it writes them.',
  );
}

/** The stack's outputs. A default export, or they would be one output named after the export. */
export default program(given.data);
