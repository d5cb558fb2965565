import { z } from 'zod';
import { type Graph, mustExist } from './graph.ts';
import type { Operation } from './operation.ts';
import { operation, page } from './operation.ts';

export const tagList = z
  .array(z.object({ Key: z.string().min(1).max(128), Value: z.string().max(256) }))
  .max(50);

const resource = z.string();

/** Tags of accounts, organizational units and the root. */
export const tagOperations: Record<string, Operation> = {
  TagResource: operation(
    'management',
    z.object({ ResourceId: resource, Tags: tagList }),
    ({ graph }, input) => {
      mustExist(graph, input.ResourceId);
      writeTags(graph, input.ResourceId, input.Tags);
      return {};
    },
  ),
  UntagResource: operation(
    'management',
    z.object({ ResourceId: resource, TagKeys: z.array(z.string()) }),
    ({ graph }, input) => {
      mustExist(graph, input.ResourceId);
      for (const key of input.TagKeys) graph.tags.get(input.ResourceId)?.delete(key);
      return {};
    },
  ),
  ListTagsForResource: operation(
    'administrator',
    z.object({ ResourceId: resource, NextToken: z.string().optional() }),
    ({ graph }, input) => {
      mustExist(graph, input.ResourceId);
      const tags = graph.tags.get(input.ResourceId) ?? new Map<string, string>();
      return page('Tags', input, tags, (Value, Key) => ({ Key, Value }));
    },
  ),
};

export function writeTags(graph: Graph, id: string, tags: z.infer<typeof tagList>): void {
  const present = graph.tags.get(id) ?? new Map<string, string>();
  for (const tag of tags) present.set(tag.Key, tag.Value);
  graph.tags.set(id, present);
}
