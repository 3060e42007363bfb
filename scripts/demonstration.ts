// The demonstration: two agents exchange a REQUEST and its RESPONSE, and four attacks are refused

import { createIssuer, type SigningKey } from '../src/index.ts';
import { makeAgent, type Agent, type Answer, type Message } from './demo_agent.ts';

/** Where the demonstration runs, and with what. */
export interface Stage {
  readonly url: string;
  /** The key of an issuer that the gateway trusts, and that issuer's name. */
  readonly key: SigningKey;
  readonly issuer: string;
  readonly audience: string;
}

const planner = 'demo-planner';
const coder = 'demo-coder';
const width = 52;

/** Runs the demonstration and prints a line for each thing shown; `false` if anything went wrong. */
export async function demonstrate(stage: Stage): Promise<boolean> {
  let good = true;
  const show = (what: string, outcome: string, isRight: boolean): void => {
    good &&= isRight;
    console.log(`  ${isRight ? 'ok    ' : 'FAILED'}  ${what.padEnd(width)}  ${outcome}`);
  };
  console.log(`Demonstration against ${stage.url}\n`);
  try {
    await exchange(stage, show);
    console.log();
    await attack(stage, show);
  } catch (error) {
    show('the gateway answers in time', error instanceof Error ? error.message : 'no', false);
  }
  console.log();
  return good;
}

type Show = (what: string, outcome: string, isRight: boolean) => void;

async function exchange(stage: Stage, show: Show): Promise<void> {
  const [asking, answering] = await bothAgents(stage);
  show('planner and coder get tokens', '15 min, bus:publish bus:receive', true);

  const task = 'review the change';
  const request = await asking.send({
    from: planner,
    to: coder,
    type: 'REQUEST',
    payload: { task },
  });
  show('planner sends coder a REQUEST', said(request), request.status === 202);
  const received = await answering.receive(request.id);
  const work = textOf(received, 'task');
  show('coder receives and acknowledges it', `"${work}"`, work === task);

  const payload = { request_id: request.id, result: 'approved' };
  const response = await answering.send({ from: coder, to: planner, type: 'RESPONSE', payload });
  show('coder answers with a RESPONSE', said(response), response.status === 202);
  const answer = await asking.receive(response.id);
  const result = textOf(answer, 'result');
  const matches = answer?.payload['request_id'] === request.id && result === 'approved';
  show('planner receives and acknowledges it', `"${result}"`, matches);
}

async function attack(stage: Stage, show: Show): Promise<void> {
  const { url } = stage;
  const [honest, other] = await bothAgents(stage);
  const refused = (what: string, answer: Answer, code: string): void =>
    show(`attack: ${what}`, said(answer), answer.code === code);
  const sendWith = (token: string): Promise<Answer> =>
    makeAgent(url, planner, token).send(draft('with a bad token'));

  const [header = '', claims = ''] = honest.token.split('.');
  const [, , signature = ''] = other.token.split('.');
  const forged = `${header}.${claims}.${signature}`;
  refused('a signature of another token', await sendWith(forged), 'signature_invalid');

  const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
  refused(
    '"alg": "none" and no signature',
    await sendWith(`${none}.${claims}.`),
    'alg_not_allowed',
  );

  const expired = await tokenFor(planner, stage, Math.floor(Date.now() / 1000) - 3600);
  refused('a token that expired long ago', await sendWith(expired), 'token_expired');

  const first = await honest.send(draft('sent once'));
  const replay = await honest.send({ ...draft('sent again'), nonce: first.nonce });
  refused('a used nonce in a new message', replay, 'message_replayed');
  await other.receive(first.id);
}

function draft(task: string): Parameters<Agent['send']>[0] {
  return { from: planner, to: coder, type: 'REQUEST', payload: { task } };
}

const said = ({ status, code }: Answer): string =>
  `${status}${code === undefined ? '' : ` ${code}`}`;

function textOf(message: Message | undefined, member: string): string {
  const value = message?.payload[member];
  return typeof value === 'string' ? value : 'nothing that was expected';
}

async function bothAgents(stage: Stage): Promise<[planner: Agent, coder: Agent]> {
  return [
    makeAgent(stage.url, planner, await tokenFor(planner, stage)),
    makeAgent(stage.url, coder, await tokenFor(coder, stage)),
  ];
}

/** `now` is when the token is issued. */
function tokenFor(agent: string, stage: Stage, now?: number): Promise<string> {
  const { key, issuer, audience } = stage;
  const made = createIssuer({
    key,
    issuer,
    audience,
    ...(now === undefined ? {} : { clock: () => now }),
  });
  return made.issueAgentToken({ sub: agent, tier: 'fast', scope: 'bus:publish bus:receive' });
}
