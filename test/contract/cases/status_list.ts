// Token Status Lists: the draft's vectors, what a status comes to, and how long a list is kept

import {
  createIssuer,
  createVerifier,
  decodeUnverified,
  localKeys,
  makeStatusListToken,
  TokenError,
} from '../../../src/index.ts';
import { decodeStatusList, packStatuses, statusAt } from '../../../src/revoke/status_codec.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { refusesCaller } from '../support/rejections.ts';
import {
  answer,
  goodList,
  listed,
  listIssuer,
  listUri,
  listWorld,
} from '../support/status_lists.ts';
import { statusVectors } from '../support/status_vectors.ts';
import { clock, keyOf, now } from '../support/world.ts';

const unavailable = 'revocation_unavailable';

export const cases: readonly ContractCase[] = [
  ...statusVectors.map(({ bits, lst, statuses }): ContractCase => ({
    name: `decodeStatusList() reads the draft's list of ${bits} bit${bits === 1 ? '' : 's'}`,
    run: async () => {
      const bytes = await decodeStatusList(lst, 2 ** 20);
      equal((bytes.length * 8) / bits, 2 ** 20, 'statuses');
      let others = 0;
      for (let index = 0; index < 2 ** 20; index++) {
        const status = statusAt(bytes, bits, index);
        if (status !== (statuses.get(index) ?? 0)) throw new Error(`Wrong status at ${index}`);
        if (status !== 0) others++;
      }
      equal(others, [...statuses.values()].filter((status) => status !== 0).length, 'set');
      equal(statusAt(bytes, bits, 2 ** 20), undefined, 'status beyond the end');
    },
  })),
  {
    name: "packStatuses() packs the draft's short examples",
    run: async () => {
      const one = packStatuses([1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1], 1);
      deepEqual(one, new Uint8Array([0xb9, 0xa3]), '1 bit');
      deepEqual(await decodeStatusList('eNrbuRgAAhcBXQ', 2), one, 'lst of 1 bit');
      const two = packStatuses([1, 2, 0, 3, 0, 1, 0, 1, 1, 2, 3, 3], 2);
      deepEqual(two, new Uint8Array([0xc9, 0x44, 0xf9]), '2 bits');
      deepEqual(await decodeStatusList('eNo76fITAAPfAgc', 3), two, 'lst of 2 bits');
    },
  },
  {
    name: 'makeStatusListToken() writes what a reader needs, and no more',
    run: async () => {
      const { header, claims } = decodeUnverified(await goodList());
      const { kid } = await keyOf('ES256', 'trusted');
      deepEqual(header, { alg: 'ES256', typ: 'statuslist+jwt', kid }, 'header');
      const { status_list: list, ...rest } = claims;
      const times = { iat: now, exp: now + 3600, ttl: 60 };
      deepEqual(rest, { iss: listIssuer, sub: listUri, ...times }, 'claims');
      deepEqual(Object.keys({ ...(list as object) }), ['bits', 'lst'], 'members of the list');
    },
  },
  {
    name: 'makeStatusListToken() refuses mistakes of its caller',
    run: async () => {
      const key = await keyOf('ES256', 'trusted');
      const options = { key, issuer: 'a', uri: 'b', bits: 1, statuses: new Uint8Array(1) } as const;
      const wrong: readonly (readonly [object, string])[] = [
        [{ key: {} }, '"key"'],
        [{ issuer: '' }, '"issuer"'],
        [{ uri: '' }, '"uri"'],
        [{ bits: 3 }, '"bits"'],
        [{ statuses: [1] }, '"statuses"'],
        [{ ttl: 0 }, '"ttl"'],
        [{ lifetime: -1 }, '"lifetime"'],
        [{ ttl: undefined }, '"ttl"'],
        [{ typo: 1 }, '"typo"'],
      ];
      for (const [changes, words] of wrong) {
        await refusesCaller(() => makeStatusListToken({ ...options, ...changes }), words);
      }
    },
  },
  {
    name: 'statusListSource() takes any status but 0 for revoked',
    run: async () => {
      const { source, asked } = await listWorld();
      const found: unknown[] = [];
      for (const idx of [0, 1, 2, 3, 4, 5]) found.push(await source.isRevoked([listed(idx)]));
      deepEqual(found, [false, true, false, false, true, false], 'revoked');
      deepEqual(asked, [listUri], 'addresses');
      equal(source.isRevoked([listed(0)]), false, 'an answer from memory comes at once');
    },
  },
  {
    name: 'statusListSource() works in a verifier, token first',
    run: async () => {
      const key = await keyOf('ES256', 'trusted');
      const keys = await localKeys(key.publicJwk);
      const { source, asked } = await listWorld();
      const verifier = createVerifier({ issuer: listIssuer, keys, revocation: source, clock });
      const issue = (idx: number) =>
        createIssuer({ key, issuer: listIssuer, clock }).issueAgentToken({
          sub: 'planner',
          tier: 'fast',
          scope: [],
          status: { status_list: { idx, uri: listUri } },
        });
      const bad = await verifier.checkAgentToken(`${(await issue(0)).slice(0, -8)}AAAAAAAA`);
      equal(!bad.ok && bad.error.code, 'signature_invalid', 'code');
      equal(asked.length, 0, 'fetches for a bad token');
      equal((await verifier.verifyAgentToken(await issue(0))).agentId, 'planner', 'agentId');
      await rejectsWithCode(verifier.verifyAgentToken(await issue(1)), 'token_revoked');
      await rejectsWithCode(verifier.verifyAgentToken(await issue(8)), unavailable);
    },
  },
  {
    name: 'statusListSource() refuses a token without a status, unless told otherwise',
    run: async () => {
      const { status: _status, ...bare } = listed(0);
      const strict = await listWorld();
      await rejectsWithCode((async () => strict.source.isRevoked([bare]))(), unavailable);
      await rejectsWithCode((async () => strict.source.isRevoked([]))(), unavailable);
      const lax = await listWorld({ unlisted: 'accept' });
      equal(await lax.source.isRevoked([bare]), false, 'revoked');
      await rejectsWithCode((async () => lax.source.isRevoked([]))(), unavailable);
    },
  },
  {
    name: 'statusListSource() fetches a list once for a thousand callers',
    run: async () => {
      const { source, asked } = await listWorld();
      const all = Array.from({ length: 1000 }, async (_, at) => source.isRevoked([listed(at % 8)]));
      equal((await Promise.all(all)).filter((revoked) => revoked).length, 250, 'revoked');
      equal(asked.length, 1, 'fetches');
    },
  },
  {
    name: 'statusListSource() keeps a list for its ttl, whatever HTTP says, within its bounds',
    run: async () => {
      const cached = { 'cache-control': 'max-age=86400', age: '0' };
      const list = await listWorld();
      list.serve = async () =>
        answer(await goodList(() => now), {
          headers: { 'content-type': 'application/statuslist+jwt', ...cached },
        });
      for (const [time, fetches] of [
        [0, 1],
        [59, 1],
        [60, 2],
        [119, 2],
        [120, 3],
      ] as const) {
        list.set(now + time);
        await list.source.isRevoked([listed(0)]);
        equal(list.asked.length, fetches, `fetches after ${time} s`);
      }
      const short = await listWorld({ maxAge: 10 });
      await short.source.isRevoked([listed(0)]);
      short.set(now + 10);
      await short.source.isRevoked([listed(0)]);
      equal(short.asked.length, 2, 'fetches with maxAge');
    },
  },
  {
    name: 'statusListSource() uses the last list up to the limit while its address fails',
    run: async () => {
      const list = await listWorld({ staleLimit: 600 });
      await list.source.isRevoked([listed(0)]);
      list.serve = () => new Response('', { status: 503 });
      const ask = async () => list.source.isRevoked([listed(1)]);
      list.set(now + 599);
      equal(await ask(), true, 'revoked');
      list.set(now + 600);
      await rejectsWithCode(ask(), unavailable);
      const fetches = list.asked.length;
      await rejectsWithCode(ask(), unavailable);
      list.set(now + 603);
      await rejectsWithCode(ask(), unavailable);
      equal(list.asked.length, fetches, 'fetches within the cool-down');
      list.set(now + 604);
      list.serve = async () => answer(await goodList(() => now + 604));
      equal(await ask(), true, 'revoked after recovery');
    },
  },
  {
    name: 'statusListSource() uses no list past its exp, and none from after a clock set back',
    run: async () => {
      const list = await listWorld({ maxAge: 86_400, staleLimit: 604_800 });
      await list.source.isRevoked([listed(0)]);
      list.serve = () => new Response('', { status: 503 });
      list.set(now + 3604);
      equal(await list.source.isRevoked([listed(0)]), false, 'revoked');
      list.set(now + 3605);
      await rejectsWithCode((async () => list.source.isRevoked([listed(0)]))(), unavailable);
      list.set(now - 1);
      await rejectsWithCode((async () => list.source.isRevoked([listed(0)]))(), unavailable);
    },
  },
  {
    name: 'statusListSource() lets each caller have its own deadline',
    run: async () => {
      const list = await listWorld({ timeout: 0.05 });
      let calls = 0;
      list.serve = async () => {
        calls++;
        if (calls === 1) return new Promise<Response>(() => {});
        return answer(await goodList());
      };
      const first = Promise.resolve(list.source.isRevoked([listed(0)])).catch((error: unknown) =>
        error instanceof TokenError ? error.code : 'other',
      );
      const second = new Promise((resolve) => setTimeout(resolve, 20)).then(async () =>
        list.source.isRevoked([listed(1)]),
      );
      equal(await first, unavailable, 'the caller of a fetch that hangs');
      await second.catch(() => {});
      list.set(now + 10);
      equal(await list.source.isRevoked([listed(1)]), true, 'revoked');
    },
  },
];
