import { readExport } from './exported-state.ts';

/**
 * What earlier releases declared as a resource of its own and a property of another declares now. Pulumi deletes last,
 * and the provider's delete of a queue's policy empties the policy that the queue was given a moment before. Source:
 * `queueAttributeHandler.Delete` in internal/service/sqs/attribute_funcs.go of the provider.
 */
const retired: ReadonlySet<string> = new Set(['aws:sqs/queuePolicy:QueuePolicy']);

/**
 * The state with every retired resource marked to stay in AWS when it leaves the state. Idempotent. Undefined where
 * there is nothing to mark.
 */
export function keepRetired(text: string): string | undefined {
  const { whole, resources } = readExport(text);
  const marked = resources.map((each) => (retired.has(each.type) ? { ...each, retainOnDelete: true } : each));
  if (resources.every((each) => !retired.has(each.type) || each.retainOnDelete)) return undefined;
  return JSON.stringify({ ...whole, deployment: { ...whole.deployment, resources: marked } });
}
