// `htu` against the URL of the request: scheme and host as URLs, the path as it is written

import { createDpopProof, decodeUnverified, verifyDpopProof } from '../../../src/index.ts';
import { equal, type ContractCase } from '../case.ts';
import { held, proofRefused, proofWith, request } from '../support/proofs.ts';
import { rejectsWithTypeError } from '../support/mutations.ts';
import { clock, keyOf } from '../support/world.ts';

const matching = [
  request.url,
  `${request.url}?max=1`,
  `${request.url}?`,
  `${request.url}#part`,
  `${request.url}?max=1#part`,
  'HTTPS://bus.example/bus/messages',
  'https://BUS.EXAMPLE/bus/messages',
  'https://bus.example:443/bus/messages',
];

const differing = [
  'https://bus.example/bus/other',
  'https://bus.example/bus',
  'https://bus.example/',
  'https://bus.example',
  'https://other.example/bus/messages',
  'https://bus.example.evil.test/bus/messages',
  'https://evil.test/bus.example/bus/messages',
  'http://bus.example/bus/messages',
  'http://bus.example:443/bus/messages',
  'https://bus.example:8443/bus/messages',
  'https://bus.example./bus/messages',
  'https://user@bus.example/bus/messages',
  'https://user:secret@bus.example/bus/messages',
  'https://bus.example@evil.test/bus/messages',
  'https://bus.example/bus/messages/',
  'https://bus.example//bus/messages',
  'https://bus.example/bus//messages',
  'https://bus.example/bus/./messages',
  'https://bus.example/bus/../bus/messages',
  'https://bus.example/x/../bus/messages',
  'https://bus.example/bus/%6dessages',
  'https://bus.example/bus%2Fmessages',
  'https://bus.example/bus/messages%20',
  'https://bus.example/bus/messages ',
  ' https://bus.example/bus/messages',
  'https://bus.example/BUS/messages',
  'https://bus.example/bus/messages;x',
  'https://bus.example\\bus\\messages',
  'https:/bus.example/bus/messages',
  'https:bus.example/bus/messages',
  '//bus.example/bus/messages',
  '/bus/messages',
  'bus.example/bus/messages',
  'wss://bus.example/bus/messages',
  'ftp://bus.example/bus/messages',
  'urn:example:bus',
  'https://',
  'https://[/bus/messages',
  `https://bus.example/${'a'.repeat(1000)}`,
];

/** A URL of a request, and what a new proof names for it: what `fetch` sends. */
const made: readonly (readonly [url: string, htu: string])[] = [
  ['https://bus.example/whoami', 'https://bus.example/whoami'],
  ['https://bus.example', 'https://bus.example/'],
  ['https://bus.example/a?b=c#d', 'https://bus.example/a'],
  ['HTTPS://BUS.example:443/a', 'https://bus.example/a'],
  ['https://bus.example/a/../b', 'https://bus.example/b'],
  ['https://bus.example/a b', 'https://bus.example/a%20b'],
  ['https://bus.example/é', 'https://bus.example/%C3%A9'],
  ['http://127.0.0.1:8787/x', 'http://127.0.0.1:8787/x'],
  ['http://[::1]:8787/x', 'http://[::1]:8787/x'],
  ['urn:swarmgate:gate:demo', 'urn:swarmgate:gate:demo'],
];

const unusable = [
  '',
  'x',
  '/a',
  'ftp://a/',
  'data:,x',
  'https://u@a/',
  'https://u:p@a/',
  'https://',
];

export const cases: readonly ContractCase[] = [
  ...matching.map((htu) => ({
    name: `verifyDpopProof() accepts htu ${htu}`,
    run: async () => void (await held(await proofWith({ claims: { htu } }))),
  })),
  ...differing.map((htu) => ({
    name: `verifyDpopProof() rejects htu ${htu.slice(0, 60)}`,
    run: () => proofRefused(proofWith({ claims: { htu } }), 'htu'),
  })),
  ...matching.slice(1).map((url) => ({
    name: `verifyDpopProof() accepts a plain htu for a request to ${url}`,
    run: async () => void (await held(await proofWith(), { url })),
  })),
  ...made.map(([url, htu]) => ({
    name: `createDpopProof() names ${htu} for ${url}, and verifyDpopProof() accepts it`,
    run: async () => {
      const key = await keyOf('ES256', 'proof');
      const proof = await createDpopProof({ key, method: 'POST', url, clock });
      equal(decodeUnverified(proof).claims['htu'], htu, 'htu');
      const sent = url.startsWith('urn:') ? url : new URL(url);
      equal(
        (await verifyDpopProof(proof, { method: 'POST', url: sent, clock })).jkt,
        key.kid,
        'jkt',
      );
    },
  })),
  {
    name: 'createDpopProof() and verifyDpopProof() refuse what is no target',
    run: async () => {
      const key = await keyOf('ES256', 'proof');
      const proof = await proofWith();
      for (const url of unusable) {
        await rejectsWithTypeError(createDpopProof({ key, method: 'GET', url, clock }), '"url"');
        await rejectsWithTypeError(verifyDpopProof(proof, { method: 'GET', url, clock }), '"url"');
      }
    },
  },
  {
    name: 'verifyDpopProof() compares a URN as it is',
    run: async () => {
      const urn = 'urn:swarmgate:gate:demo';
      const proof = await proofWith({ claims: { htu: urn } });
      await held(proof, { url: urn });
      for (const url of ['urn:swarmgate:gate:other', 'urn:swarmgate:gate:DEMO', `${urn}?x`]) {
        await proofRefused(proof, 'htu', { url });
      }
      await proofRefused(proofWith(), 'htu', { url: urn });
    },
  },
];
