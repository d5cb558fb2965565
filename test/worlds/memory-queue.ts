import type { KeyJob, KeyQueue } from '../../controlplane/queue/key-queue.ts';

/** The key queue in memory, of one process: for tests that are about what is done with keys. */
export function memoryQueue(): KeyQueue & { waiting(): string[]; clear(): void } {
  const waiting = new Map<string, { due: number; priority: number }>();
  let added = () => {};
  let next = 0;
  return {
    async enqueue(keys, priority = 0) {
      for (const key of keys)
        waiting.set(key, { due: 0, priority: Math.max(priority, waiting.get(key)?.priority ?? priority) });
      added();
    },
    async enqueueAfter(keys) {
      for (const { key, afterMs, priority = 0, pullForward } of keys) {
        const due = performance.now() + afterMs;
        const before = waiting.get(key);
        if (!before || (pullForward && before.due > due)) waiting.set(key, { due, priority });
      }
    },
    async fetch(most) {
      const due = [...waiting].filter(([, each]) => each.due <= performance.now());
      due.sort(([, a], [, b]) => b.priority - a.priority);
      return due.slice(0, most).map(([key, { priority }]): KeyJob => {
        waiting.delete(key);
        next += 1;
        return { id: String(next), retryCount: 0, key, priority };
      });
    },
    complete: async () => undefined,
    touch: async () => undefined,
    reclaim: async () => undefined,
    onAdded(listener) {
      added = listener;
    },
    start: async () => undefined,
    stop: async () => undefined,
    waiting: () => [...waiting.keys()],
    clear: () => waiting.clear(),
  };
}

/** Dead-letter queues by cell, as `<account> <Region>`; a test puts messages in, or makes SQS fail. */
export function deadLetterQueues() {
  const messages = new Map<string, number | 'broken'>();
  const reads: string[] = [];
  return {
    messages,
    /** Every cell whose queue was read, each time. */
    reads,
    /** The answer of GetQueueAttributes. */
    read(cell: string): object {
      reads.push(cell);
      const found = messages.get(cell) ?? 0;
      if (found === 'broken') throw new Error('AccessDenied: no sqs');
      return { Attributes: { ApproximateNumberOfMessages: String(found) } };
    },
  };
}
