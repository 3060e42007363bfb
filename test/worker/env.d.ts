// The bindings that tests find in `env` of `cloudflare:workers`

import type {
  Agent,
  Directory,
  KeyRing,
  Mailbox,
  Outbox,
  RevocationLog,
} from '../../worker/index.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly AGENT: DurableObjectNamespace<Agent>;
      readonly DIRECTORY: DurableObjectNamespace<Directory>;
      readonly MAILBOX: DurableObjectNamespace<Mailbox>;
      readonly OUTBOX: DurableObjectNamespace<Outbox>;
      readonly KEY_RING: DurableObjectNamespace<KeyRing>;
      readonly REVOCATION_LOG: DurableObjectNamespace<RevocationLog>;
    }
  }
}
