// What a small swarm does before a page is looked at: messages, refusals, a chain of delegation; and the counts of it

import { expect } from 'vitest';
import { createDpopProof, delegateAgentToken } from '../../../src/issue/index.ts';
import { eventually } from './page_driver.ts';
import type { Stage, StageAgent } from './stage.ts';

/** The agents, and what they did. */
export interface Scenario {
  readonly planner: StageAgent;
  readonly coder: StageAgent;
  readonly scraper: StageAgent;
  /** Messages that the bus has accepted. */
  readonly messages: number;
  /** Refusals by code. */
  readonly refused: Readonly<Record<string, number>>;
  /** The hop by which the planner passes its power on to the scraper. */
  readonly hop: string;
}

/** An id as long as ids may be. */
const longestId = `long-${'a'.repeat(119)}-end`;

/** Plays it once. */
export async function playScenario(stage: Stage): Promise<Scenario> {
  const [planner, coder, scraper] = await Promise.all([
    stage.agent('planner', {
      tier: 'power',
      scope: ['bus:publish:plan-*', 'bus:receive'],
      dlg_max: 2,
    }),
    stage.agent('team/coder'),
    stage.agent('scraper', { scope: ['bus:publish:plan-*'] }),
    stage.agent(longestId),
  ]);
  const send = (subject: string): Promise<string> =>
    planner.bus.send({ to: coder.id, type: 'REQUEST', subject, payload: {} });
  for (const subject of ['plan-one', 'plan-two', 'plan-three']) await send(subject);
  for (let tries = 0; tries < 2; tries++) {
    await expect(send('deploy')).rejects.toMatchObject({ code: 'scope_insufficient' });
  }
  const { token } = await planner.source.token();
  const hop = await delegateAgentToken({
    token,
    key: planner.key,
    to: scraper.id,
    cnf: { jkt: scraper.key.kid },
    scope: 'bus:publish:plan-small',
  });
  const url = `${stage.url}/whoami`;
  const acted = await fetch(url, {
    headers: {
      authorization: `DPoP ${token}`,
      dpop: await createDpopProof({ key: scraper.key, method: 'GET', url, token }),
      'agent-delegation': hop,
    },
  });
  expect(acted.status).toBe(200);
  const scenario = {
    planner,
    coder,
    scraper,
    messages: 3,
    refused: { scope_insufficient: 2 },
    hop,
  };
  await untilCounted(stage, scenario);
  return scenario;
}

/** Waits until the gateway has counted what was done: isolates report a second later. */
async function untilCounted(
  stage: Stage,
  { messages, refused }: Pick<Scenario, 'messages' | 'refused'>,
): Promise<void> {
  await eventually(async () => {
    const response = await stage.operator('GET', '/admin/stats');
    const stats = (await response.json()) as {
      readonly refusals: Readonly<Record<string, number>>;
      readonly buckets: readonly { readonly messages: number }[];
    };
    expect(stats.buckets.reduce((sum, bucket) => sum + bucket.messages, 0)).toBe(messages);
    expect(stats.refusals).toMatchObject(refused);
  });
}
