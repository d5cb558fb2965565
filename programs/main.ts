// The program of plain `pulumi preview` and `pulumi up`: the control plane's program, with the arguments that it stored
// in the stack's configuration.
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

/** The stack's outputs. They need a default export: a named one would be a single output with that name. */
export default program(given.data);
