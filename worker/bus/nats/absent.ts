// Stands for the object that connects to NATS in a Worker without a NATS client: nobody calls it.

import { DurableObject } from 'cloudflare:workers';

/** Bound in every deployment, so that a change of the bus needs no migration and no other file. */
export class NatsLink extends DurableObject {}
