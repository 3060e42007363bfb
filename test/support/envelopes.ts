// Makes Swarm Bus envelopes as the file side does: the digest is over the payload's own bytes

/** The members of an envelope before it is written. */
export interface EnvelopeOptions {
  readonly id?: string;
  readonly from?: string | undefined;
  readonly to?: string;
  readonly type?: string;
  readonly subject?: string;
  /** The payload as JSON text: what is digested, byte for byte. */
  readonly payload?: string;
  readonly ts?: string;
  readonly nonce?: string;
  readonly ttl?: number | undefined;
  readonly sig?: string;
}

/** An envelope as text, with what a test asks about it later. */
export interface MadeEnvelope {
  readonly id: string;
  readonly nonce: string;
  readonly text: string;
}

export function makeNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** A good envelope but for what the options say. */
export async function makeEnvelope(options: EnvelopeOptions = {}): Promise<MadeEnvelope> {
  const {
    id = crypto.randomUUID(),
    from,
    to = 'worker-1',
    type = 'REQUEST',
    subject = 'review-code',
    payload = '{"task":"review"}',
    ts = new Date().toISOString(),
    nonce = makeNonce(),
    ttl,
    sig = await sha256Hex(payload),
  } = options;
  const members = [
    ['id', JSON.stringify(id)],
    ...(from === undefined ? [] : [['from', JSON.stringify(from)]]),
    ['to', JSON.stringify(to)],
    ['type', JSON.stringify(type)],
    ['subject', JSON.stringify(subject)],
    ['payload', payload],
    ['ts', JSON.stringify(ts)],
    ['nonce', JSON.stringify(nonce)],
    ...(ttl === undefined ? [] : [['ttl', String(ttl)]]),
    ['sig', JSON.stringify(sig)],
  ];
  const text = `{${members.map(([name, value]) => `"${name}":${value}`).join(',')}}`;
  return { id, nonce, text };
}
