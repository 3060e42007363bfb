// The variables of admission: what they say, and each mistake stopped with the variable's name

import { describe, expect, test } from 'vitest';
import { readAdmission } from '../../worker/env_admission.ts';
import { ConfigError } from '../../worker/env_values.ts';

const secret = '5_mfFL0WcLLOsvkHRULyLpMT1_SNYuBvCSm3kOOHr6k';

function faultOf(env: Record<string, unknown>, issues = true): string {
  try {
    readAdmission(env, { issues });
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'no fault';
}

describe('readAdmission()', () => {
  test('gives every tier a limit, and the named ones theirs', () => {
    const quotas = (tiers: readonly string[], RATE_LIMITS?: string) =>
      Object.fromEntries(readAdmission({ RATE_LIMITS }, { tiers, issues: true }).quotas);
    expect(quotas(['low', 'middle', 'high'])).toEqual({ low: 1200, middle: 6000, high: 6000 });
    expect(quotas(['low', 'high'], 'high=5')).toEqual({ low: 1200, high: 5 });
    expect(quotas(['low', 'high'], ' low=1 , high=1000000')).toEqual({ low: 1, high: 1_000_000 });
  });

  test('tells tiers and scopes apart', () => {
    const { proofTiers, proofScopes } = readAdmission(
      { DPOP_REQUIRED: 'power, bus:veto,bus:publish:team-*' },
      { issues: true },
    );
    expect([...proofTiers]).toEqual(['power']);
    expect(proofScopes).toEqual(['bus:veto', 'bus:publish:team-*']);
  });

  test.each([
    ['power', 'must hold tier=requests, for one minute'],
    ['power=0', 'must hold tier=requests, for one minute'],
    ['power=-1', 'must hold tier=requests, for one minute'],
    ['power=1.5', 'must hold tier=requests, for one minute'],
    ['power=1e3', 'must hold tier=requests, for one minute'],
    ['power=1000001', 'must hold at most 1000000 for a tier'],
    ['slow=5', 'must hold tiers of TIERS'],
    ['power=5,power=6', 'must not name a tier twice'],
    ['power=5,power=5', 'must not name anything twice'],
    [5, 'must be text'],
  ])('refuses RATE_LIMITS %s', (RATE_LIMITS, fault) => {
    expect(faultOf({ RATE_LIMITS })).toBe(`RATE_LIMITS ${fault}`);
  });

  test.each(['slow', 'bus:*', '*', 'bus:publish:a*b', 'power,power'])(
    'refuses DPOP_REQUIRED %s',
    (DPOP_REQUIRED) => {
      expect(faultOf({ DPOP_REQUIRED })).toMatch(/^DPOP_REQUIRED must /);
    },
  );

  test('needs a secret for nonces where there is no authority, and there alone', () => {
    const DPOP_RESOURCE_NONCE = 'required';
    expect(faultOf({ DPOP_RESOURCE_NONCE })).toBe('no fault');
    expect(faultOf({ DPOP_RESOURCE_NONCE }, false)).toBe(
      'NONCE_KEY is required: DPOP_RESOURCE_NONCE is',
    );
    expect(faultOf({ DPOP_RESOURCE_NONCE, NONCE_KEY: secret }, false)).toBe('no fault');
    expect(faultOf({ NONCE_KEY: secret })).toBe('NONCE_KEY must not be set: KEY_ENCRYPTION_KEY is');
    expect(faultOf({ NONCE_KEY: 'x' }, false)).toMatch(/^NONCE_KEY must be base64url/);
    expect(faultOf({ DPOP_RESOURCE_NONCE: 'yes' })).toBe(
      'DPOP_RESOURCE_NONCE must be "optional" or "required"',
    );
  });
});
