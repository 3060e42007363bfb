// `npm run demo:delegation`: planner → researcher → scraper, each with less, and all end with the planner's session

import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import {
  createAuthenticatedFetch,
  createTokenSource,
  generateSigningKey,
  TokenError,
  type SigningKey,
  type TokenSource,
} from '../src/index.ts';
import { ask, forge, handOn, receive, said, send, subject, type Held } from './demo_chain.ts';
import { startGateway } from './gateway.ts';
import { findPort, host } from './port.ts';

const width = 58;
let good = true;

function show(what: string, outcome: string, isRight: boolean): void {
  good &&= isRight;
  console.log(`  ${isRight ? 'ok    ' : 'FAILED'}  ${what.padEnd(width)}  ${outcome}`);
}

try {
  await demonstrate();
} catch (error) {
  good = false;
  console.error(error instanceof Error ? error.message : 'The demonstration failed');
}
process.exitCode = good ? 0 : 1;
// Lets what was printed come out: something else may keep the process from ending by itself
await pause(50);
process.exit();

async function demonstrate(): Promise<void> {
  const port = await findPort(0);
  if (port === undefined) throw new Error('No port is free');
  const operator = await generateSigningKey();
  const gateway = await startGateway({
    port,
    variables: {
      ISSUER: `http://${host}:${port}`,
      KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
      OPERATOR_JWK: JSON.stringify(operator.publicJwk),
    },
  });
  try {
    await play(gateway.url, operator);
  } finally {
    await gateway.stop();
  }
}

async function play(url: string, operator: SigningKey): Promise<void> {
  console.log(`Delegation against ${url}\n`);
  const keys = await registerAgents(url, operator);
  const source = createTokenSource({ issuer: url, clientId: 'planner', key: keys.planner });
  const { token } = await source.token();
  const planner: Held = { id: 'planner', key: keys.planner, token, hops: [] };
  show('the planner gets a token from the authority', 'power; publish, receive, fetch', true);

  const researcher = await handOn(planner, {
    to: 'researcher',
    key: keys.researcher,
    tier: 'fast',
    scope: `bus:publish:${subject} bus:receive tool:fetch:docs-*`,
  });
  const scraper = await handOn(researcher, {
    to: 'scraper',
    key: keys.scraper,
    scope: `bus:publish:${subject} bus:receive tool:fetch:docs-api`,
  });
  await showHolders(url, [planner, researcher, scraper]);
  console.log();
  await work(url, planner, researcher, scraper);
  console.log();
  await widen(url, [planner, researcher, scraper]);
  await impersonate(url, planner);
  console.log();
  await end(url, source, scraper);
}

interface Keys {
  readonly planner: SigningKey;
  readonly researcher: SigningKey;
  readonly scraper: SigningKey;
}

async function registerAgents(url: string, operator: SigningKey): Promise<Keys> {
  const source = createTokenSource({ issuer: url, clientId: 'operator', key: operator });
  const admin = createAuthenticatedFetch({ source, origins: [url] });
  async function register(id: string): Promise<SigningKey> {
    const key = await generateSigningKey();
    const scope = ['bus:publish', 'bus:receive', 'tool:fetch'];
    const body = { id, tier: 'power', scope, dlg_max: 3, jwk: key.publicJwk };
    const response = await admin(`${url}/admin/agents`, {
      method: 'POST',
      body: JSON.stringify(body),
    });
    if (response.status !== 201)
      throw new Error(`The agent was not registered: ${response.status}`);
    return key;
  }
  return {
    planner: await register('planner'),
    researcher: await register('researcher'),
    scraper: await register('scraper'),
  };
}

async function showHolders(url: string, holders: readonly Held[]): Promise<void> {
  for (const held of holders) {
    const { body } = await ask(url, held, '/whoami');
    const { agent_id: id, subject_id: root, tier, scope } = body;
    const isRight = id === held.id && root === 'planner';
    const what = held.hops.length === 0 ? 'itself' : `for ${String(root)}, off line`;
    show(`${held.id} is ${what}`, `${String(tier)}; ${[scope].flat().join(' ')}`, isRight);
  }
}

/** A task goes down the chain, message by message. */
async function work(url: string, planner: Held, researcher: Held, scraper: Held): Promise<void> {
  const steps = [
    [planner, researcher],
    [researcher, scraper],
    [scraper, researcher],
  ] as const;
  for (const [from, to] of steps) {
    const sent = await send(url, from, to.id, { task: 'read the documents' });
    const arrived = await receive(url, to);
    const via = arrived?.via.join(', ') ?? '';
    const isRight = sent.status === 202 && arrived?.sender === from.id;
    show(`${from.id} → ${to.id}, over the bus`, `${said(sent)}, via [${via}]`, isRight);
  }
}

/** Each holder tries to hand on more than it has: with the library, and signed by hand. */
async function widen(url: string, holders: readonly Held[]): Promise<void> {
  const wider = ['bus:veto', 'bus:publish', 'tool:fetch'];
  for (const [at, held] of holders.entries()) {
    const key = await generateSigningKey();
    const more = { to: 'helper', key, scope: wider[at] ?? '' };
    const local = await handOn(held, more).then(
      () => 'signed',
      (error: unknown) => (error instanceof TokenError ? error.code : 'failed'),
    );
    show(`attack: ${held.id} hands on ${more.scope}`, local, local === 'delegation_widened');
    const refused = await ask(url, await forge(held, more), '/whoami');
    const isRight = refused.body['code'] === 'delegation_widened';
    show('attack: the same, signed by hand', said(refused), isRight);
  }
}

/** A hop names an agent whose key its holder does not have. */
async function impersonate(url: string, planner: Held): Promise<void> {
  const key = await generateSigningKey();
  const scope = `bus:publish:${subject} bus:receive`;
  const forged = await handOn(planner, { to: 'researcher', key, scope });
  const { body } = await ask(url, forged, '/whoami');
  const answer = `acts as ${String(body['agent_id'])} alone`;
  show('attack: a stranger is named "researcher"', answer, body['agent_id'] === 'planner');
  const sent = await send(url, forged, 'scraper', { task: 'obey' });
  show('attack: and sends in that name', said(sent), sent.body['code'] === 'sender_mismatch');
}

async function end(url: string, source: TokenSource, scraper: Held): Promise<void> {
  const before = await ask(url, scraper, '/whoami');
  await source.close();
  const began = performance.now();
  let answer = before;
  while (answer.status === 200 && performance.now() - began < 5000) {
    answer = await ask(url, scraper, '/whoami');
  }
  const passed = Math.round(performance.now() - began);
  const isRight = before.status === 200 && answer.body['code'] === 'token_revoked' && passed < 1000;
  show(
    'the planner’s session ends; the scraper stops',
    `${said(answer)} after ${passed} ms`,
    isRight,
  );
}
