// Directory: the one Durable Object that knows which mailboxes there are.

import { DurableObject } from 'cloudflare:workers';
import {
  createDirectoryStore,
  directorySchema,
  type DirectoryPage,
  type DirectoryStore,
} from './directory_store.ts';
import { createSchema } from '../storage/schema.ts';

/** The directory's stub. There is one directory in a deployment. */
export function directoryStub(
  namespace: DurableObjectNamespace<Directory>,
): DurableObjectStub<Directory> {
  return namespace.getByName('mailboxes');
}

export class Directory extends DurableObject<object> {
  readonly #store: DirectoryStore;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    const { sql } = ctx.storage;
    this.#store = createDirectoryStore(sql, createSchema(sql, 1, directorySchema));
  }

  add(owner: string): void {
    this.#store.add(owner);
  }

  remove(owner: string): void {
    this.#store.remove(owner);
  }

  head(): number {
    return this.#store.head();
  }

  page(after: number, upTo: number, limit: number): DirectoryPage {
    return this.#store.page(after, upTo, limit);
  }

  list(after: string, limit: number): readonly string[] {
    return this.#store.list(after, limit);
  }
}
