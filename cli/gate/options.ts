// The options of `swarmgate gate` as one table: for the quick parser, for the help, and for the pages

/** One option. */
interface GateOption {
  readonly name: string;
  /** What stands behind it; left out: it is a switch. */
  readonly value?: string;
  readonly many?: true;
  /** The variable that says the same. */
  readonly variable?: string;
  readonly text: string;
}

/** All options, in the order of the help. */
export const gateOptions: readonly GateOption[] = [
  {
    name: 'scope',
    value: '<scope>',
    many: true,
    text: 'what the agent must be allowed, such as tool:exec; repeatable, all are needed',
  },
  { name: 'tier', value: '<name>', text: 'the lowest tier that will do' },
  {
    name: 'audience',
    value: '<name>',
    many: true,
    variable: 'SWARMGATE_AUDIENCE',
    text: 'an audience to accept (default: "swarm-bus"); repeatable',
  },
  {
    name: 'token-file',
    value: '<file>',
    text: 'read the token from a file; "-" is standard input',
  },
  {
    name: 'key',
    value: '<file>',
    text: 'key to trust: a public JWK or SPKI PEM (default: the PEM in YAMTAM_AGENT_PUBKEY)',
  },
  {
    name: 'jwks',
    value: '<file or URL>',
    variable: 'SWARMGATE_JWKS',
    text: 'keys to trust: a JWK set',
  },
  {
    name: 'issuer',
    value: '<name>',
    variable: 'SWARMGATE_ISSUER',
    text: 'whose tokens the keys are for (default: "yamtam-engine")',
  },
  {
    name: 'profile',
    value: '<name>',
    variable: 'SWARMGATE_PROFILE',
    text: '"at+jwt", or "engine" for tokens with fewer claims (default: "engine" for yamtam-engine)',
  },
  {
    name: 'algorithms',
    value: '<names>',
    variable: 'SWARMGATE_ALGORITHMS',
    text: 'accepted algorithms (default: "ES256")',
  },
  {
    name: 'tiers',
    value: '<names>',
    variable: 'SWARMGATE_TIERS',
    text: 'all tiers, lowest first (default: "fast,power")',
  },
  {
    name: 'url',
    value: '<origin>',
    variable: 'SWARMGATE_URL',
    text: 'a gateway whose keys and revocations count, where no key is named',
  },
  {
    name: 'revocations',
    value: '<URL>',
    variable: 'SWARMGATE_REVOCATIONS',
    text: 'the feed of what is revoked; "none" leaves it out',
  },
  {
    name: 'revocation-age',
    value: '<time>',
    variable: 'SWARMGATE_REVOCATION_AGE',
    text: 'how old what is known of it may be, 1s to 24h (default: 60s); older: blocked',
  },
  {
    name: 'keys-age',
    value: '<time>',
    variable: 'SWARMGATE_KEYS_AGE',
    text: 'how old keys from a URL may be while it does not answer, 2m to 7d (default: 24h)',
  },
  {
    name: 'dir',
    value: '<folder>',
    variable: 'SWARMGATE_GATE_DIR',
    text: 'where caches, used proofs and the server are (default: ~/.local/state/swarmgate/gate)',
  },
  {
    name: 'accept-unproven',
    text: 'accept a token that is bound to a key without its proof in SWARMGATE_PROOF',
  },
  { name: 'serve', text: 'answer gates and scripts at a socket, until SIGTERM' },
  { name: 'json', text: 'print one JSON object' },
];

/** Names of variables whose values make a server's answers; scripts compare theirs with its own. */
export const settingVariables: readonly string[] = [
  'YAMTAM_AGENT_PUBKEY',
  ...gateOptions.flatMap(({ variable }) => (variable === undefined ? [] : [variable])),
].filter((name) => name !== 'SWARMGATE_GATE_DIR');
