// createTokenSource over time: renewal, single flight, back-off, closing

import { createTokenSource, decodeUnverified } from '../../../src/index.ts';
import { deepEqual, equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { fakeAuthority, gate } from '../support/fake_authority.ts';

const down = (): never => {
  throw new TypeError('The network is down');
};

export const cases: readonly ContractCase[] = [
  {
    name: 'createTokenSource() gets a bound token by discovery, assertion and proof',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource({ ...authority.options, scope: ['bus:publish:news'] });
      equal(authority.sent.length, 0, 'requests before the first call');
      const access = await source.token();
      equal(access.scheme, 'DPoP', 'scheme');
      equal(access.key, authority.agentKey, 'key');
      equal(access.expiresAt, authority.clock() + 900, 'expiresAt');
      deepEqual(access.scope, ['bus:publish:news'], 'scope');
      const { claims } = decodeUnverified(access.token);
      deepEqual(claims['cnf'], { jkt: authority.agentKey.kid }, 'cnf');
      deepEqual(
        authority.sent.map(({ path }) => path),
        ['/.well-known/oauth-authorization-server', '/token'],
        'requests',
      );
      await source.token();
      equal(authority.sent.length, 2, 'requests after the second call');
    },
  },
  {
    name: 'createTokenSource() gets a bearer token without a proof when told so',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource({ ...authority.options, dpop: false });
      const access = await source.token();
      equal(access.scheme, 'Bearer', 'scheme');
      equal(access.key, undefined, 'key');
      equal(authority.sent[1]?.proof, null, 'proof');
    },
  },
  {
    name: 'createTokenSource() asks for its resource and audience',
    run: async () => {
      const authority = await fakeAuthority();
      const target = { audience: 'swarm-bus', resource: 'https://tools.example' };
      await createTokenSource({ ...authority.options, ...target }).token();
      const { form } = authority.sent[1] ?? {};
      equal(form?.get('audience'), 'swarm-bus', 'audience');
      equal(form?.get('resource'), 'https://tools.example', 'resource');
      equal(form?.has('scope'), false, 'scope');
    },
  },
  {
    name: 'createTokenSource() renews at 14 of 15 minutes, and hands out the old token meanwhile',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      const first = await source.token();
      authority.pass(839);
      equal((await source.token()).token, first.token, 'token after 839 s');
      equal(authority.calls('/token'), 1, 'requests after 839 s');
      const { opened, open } = gate();
      authority.override(async () => {
        await opened;
        return undefined;
      });
      authority.pass(1);
      const beginner = source.token();
      const others = await Promise.all(Array.from({ length: 100 }, () => source.token()));
      equal(new Set(others.map(({ token }) => token)).size, 1, 'tokens of the others');
      equal(others[0]?.token, first.token, 'token while it is renewed');
      open();
      const second = await beginner;
      equal(second.token === first.token, false, 'the same token');
      equal(second.expiresAt, authority.clock() + 900, 'expiresAt');
      equal((await source.token()).token, second.token, 'token afterwards');
      equal(authority.calls('/token'), 2, 'requests');
    },
  },
  {
    name: 'createTokenSource() renews behind the back of all callers with waitUntil',
    run: async () => {
      const authority = await fakeAuthority();
      const kept: Promise<unknown>[] = [];
      const waitUntil = (work: Promise<unknown>): void => void kept.push(work);
      const source = createTokenSource({ ...authority.options, waitUntil });
      const first = await source.token();
      authority.pass(840);
      equal((await source.token()).token, first.token, 'token while it is renewed');
      equal(kept.length, 2, 'kept alive');
      await Promise.all(kept);
      equal((await source.token()).token === first.token, false, 'the same token');
    },
  },
  {
    name: 'createTokenSource() waits 1 s for a renewal at the longest while the old token is valid',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      const first = await source.token();
      authority.pass(840);
      authority.override(() => new Promise<undefined>(() => {}));
      const began = Date.now();
      equal((await source.token()).token, first.token, 'token');
      const waited = Date.now() - began;
      equal(waited > 900 && waited < 5000, true, 'waited a second');
      const controller = new AbortController();
      authority.pass(20);
      const leaves = source.token({ signal: controller.signal }).catch((error: unknown) => error);
      const reason = new Error('No longer interested');
      controller.abort(reason);
      equal(await leaves, reason, 'reason');
      authority.override(undefined);
      await source.close();
    },
  },
  {
    name: 'createTokenSource() renews earlier by its jitter, at random',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource({ ...authority.options, random: () => 1 });
      await source.token();
      authority.pass(824);
      await source.token();
      equal(authority.calls('/token'), 1, 'requests after 824 s');
      authority.pass(1);
      await source.token();
      equal(authority.calls('/token'), 2, 'requests after 825 s');
    },
  },
  {
    name: 'createTokenSource() waits where the token has ended, and after the clock was set back',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      const first = await source.token();
      authority.pass(895);
      const second = await source.token();
      equal(second.token === first.token, false, 'the same token, 5 s before its end');
      authority.pass(-100);
      const third = await source.token();
      equal(third.token === second.token, false, 'the same token, from the future');
      equal(authority.calls('/token'), 3, 'requests');
    },
  },
  {
    name: 'createTokenSource() makes 1 request of 100 concurrent callers',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      const tokens = await Promise.all(Array.from({ length: 100 }, () => source.token()));
      equal(new Set(tokens.map(({ token }) => token)).size, 1, 'tokens');
      equal(authority.calls('/token'), 1, 'requests');
      authority.pass(895);
      await Promise.all(Array.from({ length: 100 }, () => source.token()));
      equal(authority.calls('/token'), 2, 'requests');
    },
  },
  {
    name: 'createTokenSource() ends the wait of the caller who aborts, and of no other',
    run: async () => {
      const authority = await fakeAuthority();
      const { opened, open } = gate();
      authority.override(async () => {
        await opened;
        return undefined;
      });
      const source = createTokenSource(authority.options);
      const controller = new AbortController();
      const reason = new Error('No longer interested');
      const leaves = source.token({ signal: controller.signal }).catch((error: unknown) => error);
      const stays = source.token();
      controller.abort(reason);
      equal(await leaves, reason, 'reason');
      open();
      equal((await stays).scheme, 'DPoP', 'scheme');
      const again = source.token({ signal: controller.signal }).catch((error: unknown) => error);
      equal(await again, reason, 'reason of an aborted caller');
      equal(authority.calls('/token'), 1, 'requests');
    },
  },
  {
    name: 'createTokenSource() retries with back-off while the old token is valid',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource({ ...authority.options, random: () => 1, jitter: 0 });
      const first = await source.token();
      authority.override(down);
      authority.pass(840);
      const attemptsAt: number[] = [];
      for (let second = 0; second < 20; second++) {
        const before = authority.calls('/token');
        equal((await source.token()).token, first.token, 'token');
        if (authority.calls('/token') > before) attemptsAt.push(second);
        authority.pass(1);
      }
      deepEqual(attemptsAt, [0, 1, 3, 7, 15], 'seconds of the attempts');
      authority.override(undefined);
      authority.pass(11);
      equal((await source.token()).token === first.token, false, 'the same token');
    },
  },
  {
    name: 'createTokenSource() without a token refuses from memory until the next attempt is due',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      authority.override(down);
      await rejectsWithCode(source.token(), 'authority_unavailable');
      await rejectsWithCode(source.token(), 'authority_unavailable');
      equal(authority.sent.length, 1, 'requests');
      authority.override(undefined);
      authority.pass(1);
      equal((await source.token()).scheme, 'DPoP', 'scheme');
    },
  },
  {
    name: 'createTokenSource() gives up a request that is never answered, and tells it to stop',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource({ ...authority.options, timeout: 0.03 });
      authority.override(() => new Promise<undefined>(() => {}));
      await rejectsWithCode(source.token(), 'authority_unavailable');
      equal(authority.sent[0]?.signal?.aborted, true, 'aborted');
    },
  },
  {
    name: 'createTokenSource() replaces a refused token that is old enough, and no other',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      const first = await source.token();
      authority.pass(29);
      equal((await source.token({ refused: first })).token, first.token, 'token after 29 s');
      authority.pass(1);
      const second = await source.token({ refused: first });
      equal(second.token === first.token, false, 'the same token');
      equal((await source.token({ refused: first })).token, second.token, 'token');
      equal(authority.calls('/token'), 2, 'requests');
    },
  },
  {
    name: 'close() revokes what is still valid, and refuses afterwards',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      const first = await source.token();
      authority.pass(840);
      const second = await source.token();
      await Promise.all([source.close(), source.close()]);
      deepEqual([...authority.revoked], [first.token, second.token], 'revoked');
      equal(authority.calls('/revoke'), 2, 'requests');
      equal(authority.sent.at(-1)?.form.get('token_type_hint'), 'access_token', 'hint');
      equal(authority.sent.at(-1)?.proof, null, 'proof');
      await rejectsWithCode(source.token(), 'source_closed');
    },
  },
  {
    name: 'close() lets nobody wait for a renewal under way, and asks for no token',
    run: async () => {
      const authority = await fakeAuthority();
      authority.override(() => new Promise<undefined>(() => {}));
      const source = createTokenSource(authority.options);
      const waiting = source.token();
      await Promise.all([rejectsWithCode(waiting, 'source_closed'), source.close()]);
      equal(authority.calls('/revoke'), 0, 'requests');
      const unused = createTokenSource(authority.options);
      await unused.close();
      await rejectsWithCode(unused.token(), 'source_closed');
    },
  },
  {
    name: 'close() says when a token may not have been revoked, and tries again when called again',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      const { token } = await source.token();
      authority.override(down);
      await rejectsWithCode(source.close(), 'authority_unavailable');
      await rejectsWithCode(source.token(), 'source_closed');
      authority.override(undefined);
      await source.close();
      deepEqual([...authority.revoked], [token], 'revoked');
    },
  },
  {
    name: 'createTokenSource() is disposed of where the runtime knows how',
    run: async () => {
      const authority = await fakeAuthority();
      const source = createTokenSource(authority.options);
      await source.token();
      const symbol: symbol | undefined = Symbol.asyncDispose;
      equal('undefined' in source, false, 'a member without a name');
      if (symbol === undefined) return source.close();
      await source[Symbol.asyncDispose]();
      equal(authority.revoked.size, 1, 'revoked');
    },
  },
  {
    name: 'createTokenSource() presents the key that a token is bound to when the store gives another',
    run: async () => {
      const authority = await fakeAuthority();
      const keys = [authority.agentKey, authority.key];
      const source = createTokenSource({
        ...authority.options,
        key: async () => keys.shift() ?? authority.key,
      });
      const access = await source.token();
      authority.pass(840);
      equal((await source.token()).key, access.key, 'key after a refused renewal');
      equal(authority.calls('/token'), 2, 'requests');
    },
  },
];
