// forward: nothing runs for a call that authorize did not make, or made for something else

import { describe, expect, test } from 'vitest';
import {
  authorize,
  createVerifier,
  localKeys,
  type AuthorizedCall,
} from '../../src/verify/index.ts';
import { forward } from '../../worker/gateway/forward.ts';
import { makeKey, mintToken } from '../support/tokens.ts';

const issuer = 'https://issuer.example';
const key = await makeKey();
const verifier = createVerifier({ keys: await localKeys(key.publicJwk), issuer });
const token = await mintToken(key, issuer, 'planner', 'bus:publish bus:veto');
const agent = await verifier.verifyAgentToken(token);

const prepared = (...required: string[]) => {
  const ran: AuthorizedCall[] = [];
  const run = async (call: AuthorizedCall): Promise<Response> => {
    ran.push(call);
    return new Response(null, { status: 204 });
  };
  return { ran, required, run };
};

describe('forward()', () => {
  test('runs what the call was authorized for', async () => {
    const request = prepared('bus:publish:news');
    const call = authorize(agent, ['bus:publish:news', 'bus:veto:news']);
    expect((await forward(call, request)).status).toBe(204);
    expect(request.ran).toEqual([call]);
  });

  test('refuses a look-alike', () => {
    const request = prepared();
    const call = authorize(agent, []);
    const copies = [{ ...call }, Object.create(call) as AuthorizedCall, structuredClone({ agent })];
    for (const copy of copies) {
      expect(() => forward(copy as AuthorizedCall, request)).toThrow(TypeError);
    }
    expect(request.ran).toEqual([]);
  });

  test('refuses a call that was authorized for something else, or for less', () => {
    const request = prepared('bus:publish:news', 'bus:veto:news');
    for (const scopes of [[], ['bus:publish:news'], ['bus:publish:other', 'bus:veto:news']]) {
      expect(() => forward(authorize(agent, scopes), request)).toThrow(TypeError);
    }
    expect(request.ran).toEqual([]);
  });
});
