// NatsLink: the Durable Object that holds a connection to NATS, which no request could keep by itself.

import { DurableObject } from 'cloudflare:workers';
import { readBus } from '../../env_bus.ts';
import { ConfigError } from '../../env_values.ts';
import type { BusMessage, Delivery, Depth, DepthPage, MessageKey, StoreOutcome } from '../bus.ts';
import type { Carrier } from '../carrier.ts';
import { createNatsCarrier } from './carrier.ts';

/** How many connections a deployment has. All that is about one mailbox goes through one of them. */
const links = 4;

export class NatsLink extends DurableObject<object> {
  readonly #carrier: Carrier;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env);
    const bus = readBus(env as Readonly<Record<string, unknown>>);
    if (bus.kind !== 'nats') throw new ConfigError('BUS', 'must be "nats"');
    this.#carrier = createNatsCarrier(bus);
  }

  publish(message: BusMessage, storeBefore: number): Promise<StoreOutcome> {
    return this.#carrier.publish(message, storeBefore);
  }

  holds(message: MessageKey): Promise<boolean> {
    return this.#carrier.holds(message);
  }

  lease(mailbox: string, max: number): Promise<readonly Delivery[]> {
    return this.#carrier.lease(mailbox, max);
  }

  wait(mailbox: string, until: number): Promise<boolean> {
    return this.#carrier.wait(mailbox, until);
  }

  acknowledge(mailbox: string, id: string, sender: string | undefined): Promise<void> {
    return this.#carrier.acknowledge(mailbox, id, sender);
  }

  status(mailbox: string): Promise<Depth> {
    return this.#carrier.status(mailbox);
  }

  list(after: string, limit: number): Promise<DepthPage> {
    return this.#carrier.list(after, limit);
  }
}

function linkOf(name: string): string {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + (character.codePointAt(0) ?? 0)) % 65_521;
  return `link-${sum % links}`;
}

/**
 * Makes the carrier that reaches NATS through these objects.
 *
 * @throws ConfigError where they are not bound
 */
export function createLinkedCarrier(env: object): Carrier {
  const { NATS_LINK: namespace } = env as {
    readonly NATS_LINK?: DurableObjectNamespace<NatsLink>;
  };
  if (namespace === undefined) {
    throw new ConfigError('NATS_LINK', 'must be bound to its Durable Object class');
  }
  const link = (name: string): DurableObjectStub<NatsLink> => namespace.getByName(linkOf(name));
  return {
    publish(message, storeBefore) {
      const { to, sender } = message;
      return link(to === '*' ? sender : to).publish(message, storeBefore);
    },
    holds(message) {
      const { to, sender } = message;
      return link(to === '*' ? sender : to).holds(message);
    },
    lease: (mailbox, max) => link(mailbox).lease(mailbox, max),
    wait: (mailbox, until) => link(mailbox).wait(mailbox, until),
    async acknowledge(mailbox, id, sender) {
      await link(mailbox).acknowledge(mailbox, id, sender);
    },
    status: (mailbox) => link(mailbox).status(mailbox),
    list: (after, limit) => link('*').list(after, limit),
  };
}
