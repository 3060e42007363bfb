// The bindings that tests find in `env` of `cloudflare:workers`

import type {
  Agent,
  AuditLog,
  Connections,
  Directory,
  KeyRing,
  Mailbox,
  Outbox,
  RevocationLog,
  StatusLists,
} from '../../worker/index.ts';

declare global {
  namespace Cloudflare {
    interface Env {
      readonly AGENT: DurableObjectNamespace<Agent>;
      readonly AUDIT_LOG: DurableObjectNamespace<AuditLog>;
      readonly CONNECTIONS: DurableObjectNamespace<Connections>;
      readonly DIRECTORY: DurableObjectNamespace<Directory>;
      readonly MAILBOX: DurableObjectNamespace<Mailbox>;
      readonly OUTBOX: DurableObjectNamespace<Outbox>;
      readonly KEY_RING: DurableObjectNamespace<KeyRing>;
      readonly REVOCATION_LOG: DurableObjectNamespace<RevocationLog>;
      readonly STATUS_LISTS: DurableObjectNamespace<StatusLists>;
    }
  }
}
