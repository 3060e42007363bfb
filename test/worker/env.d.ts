// The bindings that tests find in `env` of `cloudflare:workers`

import type { Agent, Directory, Mailbox, Outbox } from '../../worker/index.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly AGENT: DurableObjectNamespace<Agent>;
      readonly DIRECTORY: DurableObjectNamespace<Directory>;
      readonly MAILBOX: DurableObjectNamespace<Mailbox>;
      readonly OUTBOX: DurableObjectNamespace<Outbox>;
    }
  }
}
