// Refusals of the routes that manage agents: fixed texts beside the library's table, in the same shape.

import { json } from '../../respond.ts';

/** Why a request to manage agents is refused. Codes are API. */
export type RefusalCode =
  | 'request_malformed'
  | 'member_unknown'
  | 'parameter_malformed'
  | 'agent_id_malformed'
  | 'tier_unknown'
  | 'scope_malformed'
  | 'dpop_malformed'
  | 'dlg_max_malformed'
  | 'may_act_for_malformed'
  | 'expires_in_malformed'
  | 'key_malformed'
  | 'key_private'
  | 'issuer_unknown'
  | 'enrollment_refused'
  | 'agent_unknown'
  | 'signing_key_unknown'
  | 'enrollment_unknown'
  | 'agent_exists'
  | 'agent_reserved'
  | 'key_taken'
  | 'key_changed'
  | 'cursor_expired';

interface Row {
  readonly status: 400 | 404 | 409;
  readonly error: 'invalid_request' | 'invalid_grant' | 'not_found' | 'conflict';
  readonly description: string;
}

const invalid = (description: string): Row => ({
  status: 400,
  error: 'invalid_request',
  description,
});
const conflict = (description: string): Row => ({ status: 409, error: 'conflict', description });
const missing = (description: string): Row => ({ status: 404, error: 'not_found', description });

const rows: Readonly<Record<RefusalCode, Row>> = {
  request_malformed: invalid('The body must be one JSON object with the members of this route'),
  member_unknown: invalid('The body has a member that this route does not know'),
  parameter_malformed: invalid('A parameter of the query is malformed or given twice'),
  agent_id_malformed: invalid(
    'The id must be 1 to 128 of A-Z a-z 0-9 . _ : @ / - and begin and end with a letter or digit',
  ),
  tier_unknown: invalid('The tier must be one of the configured tiers'),
  scope_malformed: invalid(
    'The scope must be a list of at most 64 different scopes: resource:action or resource:action:pattern',
  ),
  dpop_malformed: invalid('The member dpop must be "required" or "optional"'),
  dlg_max_malformed: invalid('The member dlg_max must be 1, 2 or 3'),
  may_act_for_malformed: invalid(
    'The member may_act_for must be a list of at most 64 different agent ids',
  ),
  expires_in_malformed: invalid('The member expires_in must be whole seconds from 60 to 86400'),
  key_malformed: invalid(
    'The key must be a public JWK: EC P-256 or P-384, Ed25519, or RSA with alg',
  ),
  key_private: invalid('The key is a private one: never send it, and use another from now on'),
  issuer_unknown: invalid('The issuer must be one that this gateway trusts'),
  enrollment_refused: {
    status: 400,
    error: 'invalid_grant',
    description: 'The enrolment code is not valid',
  },
  agent_unknown: missing('There is no such agent'),
  signing_key_unknown: missing('There is no such signing key'),
  enrollment_unknown: missing('There is no such enrolment'),
  agent_exists: conflict('An agent is registered under this id'),
  agent_reserved: conflict('The id is reserved, or looks like one that is'),
  key_taken: conflict('The key belongs to an agent, or did until a short while ago'),
  key_changed: conflict('The token is not bound to the key that is registered now'),
  cursor_expired: conflict('What follows the cursor is no longer kept'),
};

/** Tells whether a text is a code of the table. */
export function isRefusalCode(text: string): text is RefusalCode {
  return Object.hasOwn(rows, text);
}

/** The answer to a refused request: nothing of the request is in it. */
export function refuse(code: RefusalCode): Response {
  const { status, error, description } = rows[code];
  return json({ error, error_description: description, code }, status);
}
