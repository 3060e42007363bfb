// Forwards an authorized call to what its route leads to: the one place where the bus is reached.

import { isAuthorizedCall, type AuthorizedCall } from '../../src/verify/index.ts';
import type { Reservation } from '../authority/agent/nonce_store.ts';
import { acknowledgeTarget } from '../bus/acknowledge.ts';
import { connectTarget } from '../bus/connect.ts';
import { receiveTarget } from '../bus/receive.ts';
import { sendTarget } from '../bus/send.ts';
import { statusTarget } from '../bus/status.ts';
import type { Answered, Prepared, Target, TargetName } from '../target.ts';
import { whoamiTarget } from './whoami.ts';

const targets: Readonly<Record<TargetName, Target>> = {
  whoami: whoamiTarget,
  bus_send: sendTarget,
  bus_receive: receiveTarget,
  bus_acknowledge: acknowledgeTarget,
  bus_status: statusTarget,
  bus_connect: connectTarget,
};

/** The target of a row in the route table. */
export function targetOf(target: TargetName | Target): Target {
  return typeof target === 'string' ? targets[target] : target;
}

/**
 * Runs a prepared request for a call that was authorized for it, and admitted.
 *
 * @throws TypeError when the call did not come from `authorize`, or was authorized for less
 */
export function forward(
  call: AuthorizedCall,
  prepared: Prepared,
  reservation?: Reservation,
): Answered | Promise<Answered> {
  if (!isAuthorizedCall(call)) throw new TypeError('"call" must come from authorize');
  if (!prepared.required.every((scope) => call.required.includes(scope))) {
    throw new TypeError('"call" is authorized for something else');
  }
  return prepared.run(call, reservation);
}
