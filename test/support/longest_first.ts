// The order of test files: those that wait long begin first, and the others run meanwhile

import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first; without this order the last of them would be waited for alone. */
const slow = [
  'scripts/start',
  'cli/bridge_kill',
  'cli/bridge',
  'cli/gate_serve',
  'gateway/upstream_gigabyte',
  'gateway/nats_gateway',
  'gateway/client_socket',
  'cli/bus',
  'contract/contract',
  'gateway/nats_contract',
  'worker/events',
  'gateway/upstream_bodies',
  'gateway/observe',
  'scripts/readme',
  'gateway/service_keys',
  'cli/gate_hostile',
  'gateway/revocation_outage',
  'worker/observer',
];

const placeOf = ({ moduleId }: TestSpecification): number => {
  const at = slow.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
  return at < 0 ? slow.length : at;
};

/** For vitest's configuration. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((one, other) => placeOf(one) - placeOf(other));
  }
}
