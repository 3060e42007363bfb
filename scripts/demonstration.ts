// The demonstration: two agents exchange a REQUEST and its RESPONSE, four attacks and a revoked agent are refused

import type { Answer, Draft, Message } from './demo_agent.ts';
import { callWith } from './demo_agent.ts';
import { makeSwarm, type Stage, type Swarm } from './demo_swarm.ts';

const width = 52;
type Show = (what: string, outcome: string, isRight: boolean) => void;

/** Runs the demonstration and prints a line for each thing shown; `false` if anything went wrong. */
export async function demonstrate(stage: Stage): Promise<boolean> {
  let good = true;
  const show: Show = (what, outcome, isRight) => {
    good &&= isRight;
    console.log(`  ${isRight ? 'ok    ' : 'FAILED'}  ${what.padEnd(width)}  ${outcome}`);
  };
  console.log(`Demonstration against ${stage.url}\n`);
  let swarm: Swarm | undefined;
  try {
    swarm = await makeSwarm(stage);
    show('the operator registers planner and coder', 'each with a key of its own', true);
    show('they get tokens bound to their keys', '15 min, bus:publish bus:receive', true);
    await exchange(swarm, show);
    console.log();
    await attack(stage.url, swarm, show);
    await revoke(swarm, show);
  } catch (error) {
    show('the gateway answers in time', error instanceof Error ? error.message : 'no', false);
  }
  await swarm?.remove().catch(() => show('the operator removes both agents', 'no', false));
  console.log();
  return good;
}

async function exchange({ planner, coder }: Swarm, show: Show): Promise<void> {
  const task = 'review the change';
  const request = await planner.send({ to: coder.id, type: 'REQUEST', payload: { task } });
  show('planner sends coder a REQUEST', said(request), request.status === 202);
  const work = textOf(await coder.receive(request.id), 'task');
  show('coder receives and acknowledges it', `"${work}"`, work === task);

  const payload = { request_id: request.id, result: 'approved' };
  const response = await coder.send({ to: planner.id, type: 'RESPONSE', payload });
  show('coder answers with a RESPONSE', said(response), response.status === 202);
  const answer = await planner.receive(response.id);
  const result = textOf(answer, 'result');
  const matches = answer?.payload['request_id'] === request.id && result === 'approved';
  show('planner receives and acknowledges it', `"${result}"`, matches);
}

async function attack(url: string, { planner, coder }: Swarm, show: Show): Promise<void> {
  const refused = (what: string, answer: Answer, code: string): void =>
    show(`attack: ${what}`, said(answer), answer.code === code);
  const withToken = (token: string): Promise<Answer> => callWith(url, `DPoP ${token}`);

  const [header = '', claims = ''] = planner.token.split('.');
  const [, , signature = ''] = coder.token.split('.');
  const forged = `${header}.${claims}.${signature}`;
  refused('a signature of another token', await withToken(forged), 'signature_invalid');

  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
  refused(
    '"alg": "none" and no signature',
    await withToken(`${none}.${claims}.`),
    'alg_not_allowed',
  );

  refused('a stolen token without its key', await withToken(planner.token), 'proof_required');

  const first = await planner.send(draft(coder.id, 'sent once'));
  const replay = await planner.send({ ...draft(coder.id, 'sent again'), nonce: first.nonce });
  refused('a used nonce in a new message', replay, 'message_replayed');
  await coder.receive(first.id);
}

async function revoke({ planner, coder, revoke: revokeAgent }: Swarm, show: Show): Promise<void> {
  const status = await revokeAgent(planner.id);
  const start = performance.now();
  // The bound is a second; a gateway that forgets must not keep anybody waiting for ever
  let answer = await planner.send(draft(coder.id, 'not any more'));
  while (answer.code !== 'token_revoked' && performance.now() - start < 5000) {
    answer = await planner.send(draft(coder.id, 'not any more'));
  }
  const took = Math.round(performance.now() - start);
  const isRight = status === 201 && answer.code === 'token_revoked' && took <= 1000;
  show('planner is revoked, and refused at once', `${said(answer)} after ${took} ms`, isRight);
}

const draft = (to: string, task: string): Draft => ({ to, type: 'REQUEST', payload: { task } });

const said = ({ status, code }: Answer): string =>
  `${status}${code === undefined ? '' : ` ${code}`}`;

function textOf(message: Message | undefined, member: string): string {
  const value = message?.payload[member];
  return typeof value === 'string' ? value : 'nothing that was expected';
}
