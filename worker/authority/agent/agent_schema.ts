// The schema of an Agent object: the tables of its stores, and the way from earlier versions.

import type { Upgrades } from '../../storage/schema.ts';
import { forgottenSchema } from './forgotten_store.ts';
import { nonceSchema } from './nonce_store.ts';
import { operatorKeySchema } from './operator_key_store.ts';
import { actingSchema, registrationSchema } from './registration_store.ts';
import { sessionSchema } from './session_store.ts';
import { statusLeaseSchema } from '../status/status_lease_store.ts';
import { bucketSchema, useSchema } from './use_store.ts';

/** Version 1 held message nonces alone. */
const identity: readonly string[] = [
  ...registrationSchema,
  ...sessionSchema,
  ...useSchema,
  ...operatorKeySchema,
];

/** What requests through the gateway leave behind. */
const requests: readonly string[] = [...bucketSchema, ...forgottenSchema];

export const agentVersion = 5;
export const agentSchema: readonly string[] = [
  ...nonceSchema,
  ...identity,
  ...actingSchema,
  ...statusLeaseSchema,
  ...requests,
];
export const agentUpgrades: Upgrades = {
  2: identity,
  3: actingSchema,
  4: statusLeaseSchema,
  5: requests,
};
