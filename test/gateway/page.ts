// What a page does that is an agent: a key that cannot leave the browser, tokens bound to it, a socket

import {
  browserKey,
  createBusClient,
  createDpopProof,
  createTokenSource,
  type BusClient,
  type SigningKey,
} from '../../src/index.ts';

/** What the page tells the test. */
export interface PageReport {
  readonly extractable: boolean;
  readonly answer: unknown;
  readonly ways: readonly string[];
  /** How each socket was opened, without what is secret. */
  readonly sockets: readonly string[];
  /** What ended the one that waited, once its agent was revoked. */
  readonly ending: string;
}

/** What the test tells the page. */
export interface PageTask {
  readonly gateway: string;
  readonly codes: Readonly<Record<'asker' | 'answerer', string>>;
}

const sockets: string[] = [];

/** The browser's own class, which also says what it was opened with. */
class SeenSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    sockets.push(protocols.map((each) => each.split('.')[0]).join(' '));
  }
}

async function enroll(gateway: string, code: string, key: SigningKey): Promise<void> {
  const url = `${gateway}/enroll`;
  const proof = await createDpopProof({ key, method: 'POST', url });
  const { status } = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', dpop: proof },
    body: JSON.stringify({ code, jwk: key.publicJwk }),
  });
  if (status !== 201) throw new Error(`Not enrolled: ${status}`);
}

/** Runs the page's part; `revoke` lets the test end the agent that waits. */
export async function run(
  { gateway, codes }: PageTask,
  revoke: () => Promise<void>,
): Promise<PageReport> {
  const ways: string[] = [];
  const clientOf = async (id: 'asker' | 'answerer'): Promise<BusClient> => {
    const key = await browserKey(id);
    await enroll(gateway, codes[id], key);
    const source = createTokenSource({
      issuer: gateway,
      clientId: id,
      key: () => browserKey(id),
    });
    const onTransport = (way: string): void => void ways.push(way);
    return createBusClient({ url: gateway, source, WebSocket: SeenSocket, onTransport });
  };
  const [asker, answerer] = [await clientOf('asker'), await clientOf('answerer')];
  const answering = (async () => {
    for await (const { id, sender, subject, payload } of answerer.messages()) {
      const answer = { request_id: id, twice: Number(payload['n']) * 2 };
      await answerer.send({ to: sender, type: 'RESPONSE', subject, payload: answer });
    }
  })().catch((error: unknown) => String((error as { code?: unknown }).code));
  const request = { to: 'answerer', subject: 'double', payload: { n: 21 } };
  const { payload } = await asker.request(request);
  await revoke();
  const ending = String(await answering);
  await asker.close();
  const { privateKey } = await browserKey('asker');
  return { extractable: privateKey.extractable, answer: payload['twice'], ways, sockets, ending };
}
