// The Workers that the gateway is held against: nothing at all, a router, and what people write by hand.

/** Answers as the gateway's own answers are made, without a look at the request. */
export const bareWorker: string = `
const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
export default { fetch: async () => new Response('{"status":"ok"}', { headers }) };
`;

export const bareHono: string = `
import { Hono } from 'hono';
const app = new Hono();
app.get('/whoami', (c) => c.json({ status: 'ok' }));
export default app;
`;

/** Verifies each time, as the documentation of jose shows it. */
export const honoJose: string = `
import { Hono } from 'hono';
import { importJWK, jwtVerify } from 'jose';
const app = new Hono();
let key;
app.get('/whoami', async (c) => {
  key ??= await importJWK(JSON.parse(c.env.KEY), 'ES256');
  const [scheme, token] = (c.req.header('authorization') ?? '').split(' ');
  if (scheme !== 'Bearer') return c.json({ error: 'invalid_token' }, 401);
  try {
    const { payload } = await jwtVerify(token, key, {
      issuer: c.env.TOKEN_ISSUER, audience: 'swarm-bus', algorithms: ['ES256'], typ: 'at+jwt',
    });
    return c.json({ agent_id: payload.sub, tier: payload.tier, scope: payload.scope });
  } catch {
    return c.json({ error: 'invalid_token' }, 401);
  }
});
export default app;
`;

/** The same hop to the embedded bus, for whoever asks: the mailboxes take turns. */
export const objectHop: string = `
const headers = { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' };
let turn = 0;
export default {
  async fetch(request, env) {
    const owner = 'agent-' + (turn++ % 500);
    return new Response(JSON.stringify(await env.MAILBOX.getByName(owner).depth(owner)), { headers });
  },
};
`;

/** The gateway with a log that has any number of records, without a million calls to fill it. */
export const gatewayWithRecords: string = `
export * from './worker/index.ts';
export { default } from './worker/index.ts';
import { DurableObject } from 'cloudflare:workers';
const mix = (bits) => { const one = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b); return Math.imul(one ^ (one >>> 13), 0xc2b2ae35); };
const text = (seq) => {
  const view = new DataView(new ArrayBuffer(16));
  for (let at = 0; at < 16; at += 4) view.setUint32(at, mix(seq + at * 0x9e3779b9));
  return btoa(String.fromCharCode(...new Uint8Array(view.buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};
export class RevocationLog extends DurableObject {
  since(issuer, after, limit) {
    const total = Number(this.env.RECORDS);
    const from = after > total ? 0 : after;
    const seq = Math.min(total, from + limit);
    const exp = 4000000000;
    const records = Array.from({ length: seq - from }, (_, at) => ({ seq: from + at + 1, kind: 'token', h: text(from + at + 1), exp }));
    return { issuer, seq, as_of: Math.floor(Date.now() / 1000), full: from === 0, records, ...(seq < total ? { more: true } : {}) };
  }
  covers() { return false; }
  follow() {}
}
`;
