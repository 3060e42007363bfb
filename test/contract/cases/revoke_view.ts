// The state of revocation: pages in order or not at all, lifting, and what each kind covers

import type { FeedPage, FeedRecord, TokenIdentity } from '../../../src/index.ts';
import { createFingerprinter } from '../../../src/revoke/fingerprint.ts';
import { untilLifted } from '../../../src/revoke/records.ts';
import { createRevocationView, type RevocationView } from '../../../src/revoke/view.ts';
import { equal, rejectsWith, type ContractCase } from '../case.ts';
import { asOf, identityOf, pageOf, recordOf, type RecordOptions } from '../support/revocations.ts';

const fingerprints = createFingerprinter();
const covers = async (view: RevocationView, identity: TokenIdentity): Promise<boolean> =>
  view.covers(await fingerprints.of(identity));

async function viewOf(...records: readonly RecordOptions[]): Promise<RevocationView> {
  const view = createRevocationView();
  const made = await Promise.all(records.map((record, index) => recordOf(index + 1, record)));
  view.apply(pageOf(made), 0);
  return view;
}

interface Row {
  readonly name: string;
  readonly record: RecordOptions;
  readonly covered: Partial<TokenIdentity>;
  readonly spared: Partial<TokenIdentity>;
}

const time = asOf - 60;
const kinds: readonly Row[] = [
  {
    name: 'token',
    record: { kind: 'token', value: 'token-1' },
    covered: { sessionId: 'run-9', jkt: undefined },
    spared: { tokenId: 'token-10' },
  },
  {
    name: 'token, of its issuer alone',
    record: { kind: 'token', value: 'token-1' },
    covered: {},
    spared: { issuer: 'https://other.example' },
  },
  {
    name: 'token named "*"',
    record: { kind: 'token', value: '*' },
    covered: { tokenId: '*' },
    spared: { tokenId: 'token-1' },
  },
  {
    name: 'token, not a session of the same name',
    record: { kind: 'token', value: 'run-1' },
    covered: { tokenId: 'run-1' },
    spared: { sessionId: 'run-1' },
  },
  {
    name: 'session',
    record: { kind: 'session', value: 'run-1' },
    covered: { tokenId: 'token-2' },
    spared: { sessionId: 'run-2' },
  },
  {
    name: 'agent, as subject or as client',
    record: { kind: 'agent', value: 'planner', exp: untilLifted },
    covered: { agentIds: ['worker', 'planner'] },
    spared: { agentIds: ['planner2'] },
  },
  {
    name: 'key',
    record: { kind: 'key', value: 'signing-key' },
    covered: {},
    spared: { keyThumbprint: 'other-key', jkt: 'signing-key' },
  },
  {
    name: 'jkt',
    record: { kind: 'jkt', value: 'agent-key' },
    covered: {},
    spared: { jkt: undefined, keyThumbprint: 'agent-key' },
  },
  {
    name: 'before, for one agent, up to that second',
    record: { kind: 'before', value: 'planner', before: time },
    covered: { issuedAt: time },
    spared: { issuedAt: time + 1 },
  },
  {
    name: 'before, for one agent, not for others',
    record: { kind: 'before', value: 'planner', before: time },
    covered: {},
    spared: { agentIds: ['worker'] },
  },
  {
    name: 'before, for all agents',
    record: { kind: 'before', value: '', before: time },
    covered: { agentIds: ['worker'], issuedAt: time - 0.5 },
    spared: { issuedAt: time + 0.5 },
  },
];

type BadPage = (good: FeedPage, record: FeedRecord) => FeedPage;

/** Each follows record 2, and is asked for as what follows it. */
const bad: Readonly<Record<string, BadPage>> = {
  'a record after the page’s own number': (page) => ({ ...page, seq: 3 }),
  'records out of order': (page) => ({ ...page, records: page.records.toReversed() }),
  'a record twice': (page, record) => ({ ...page, records: [record, ...page.records] }),
  'a number that is no integer': (page, record) => ({
    ...page,
    records: [{ ...record, seq: 3.5 }],
  }),
  'a negative number': (page, record) => ({ ...page, records: [{ ...record, seq: -3 }] }),
  'an infinite page number': (page) => ({ ...page, seq: Infinity }),
  'a page number that is no integer': (page) => ({ ...page, seq: 4.5 }),
  'an infinite time': (page) => ({ ...page, as_of: Infinity }),
  'a time in milliseconds': (page) => ({ ...page, as_of: asOf * 1000 }),
  'a negative time': (page) => ({ ...page, as_of: -1 }),
  'an infinite end': (page, record) => ({ ...page, records: [{ ...record, exp: Infinity }] }),
  'a hash that is too short': (page, record) => ({
    ...page,
    records: [{ ...record, h: record.h.slice(4) }],
  }),
  'a hash that is no base64url': (page, record) => ({
    ...page,
    records: [{ ...record, h: record.h.replace(/^./, '=') }],
  }),
  'a hash in another spelling': (page, record) => ({
    ...page,
    records: [{ ...record, h: record.h.replace(/.$/, 'B') }],
  }),
  'before without a time': (page, record) => ({
    ...page,
    records: [{ ...record, kind: 'before' }],
  }),
  'a time beside another kind': (page, record) => ({
    ...page,
    records: [{ ...record, before: asOf }],
  }),
  'a page that goes back': (page) => ({ ...page, seq: 1, records: [] }),
  'another issuer': (page) => ({ ...page, issuer: 'https://other.example' }),
};

const badCases = Object.entries(bad).map(([name, change]) => ({
  name: `a view takes nothing of a page with ${name}`,
  run: async () => {
    const view = await viewOf({ value: 'a' }, { value: 'b' });
    const [third, fourth] = [await recordOf(3, { value: 'c' }), await recordOf(4, { value: 'd' })];
    const good = pageOf([third, fourth], { full: false });
    await rejectsWith((async () => view.apply(change(good, third), 2))(), Error);
    equal(view.seq, 2, 'seq');
    equal(view.size, 2, 'size');
    equal(await covers(view, identityOf({ tokenId: 'a' })), true, 'what it knew');
    for (const tokenId of ['c', 'd']) {
      equal(await covers(view, identityOf({ tokenId })), false, tokenId);
    }
    view.apply(good, 2);
    equal(await covers(view, identityOf({ tokenId: 'd' })), true, 'the good page afterwards');
  },
}));

export const cases: readonly ContractCase[] = [
  ...kinds.map(({ name, record, covered, spared }) => ({
    name: `a view covers by ${name}`,
    run: async () => {
      const view = await viewOf(record);
      equal(await covers(view, identityOf(covered)), true, 'covered');
      equal(await covers(view, identityOf(spared)), false, 'spared');
    },
  })),
  ...badCases,
  {
    name: 'a view is empty at first',
    run: async () => {
      const view = createRevocationView();
      equal(view.seq, 0, 'seq');
      equal(await covers(view, identityOf()), false, 'covered');
    },
  },
  {
    name: 'a view refuses a page that leaves a gap',
    run: async () => {
      const view = await viewOf({ value: 'a' });
      const page = pageOf([await recordOf(3)], { full: false });
      await rejectsWith((async () => view.apply(page, 2))(), Error);
      equal(view.seq, 1, 'seq');
    },
  },
  {
    name: 'a view passes over what it knows already',
    run: async () => {
      const records = [
        await recordOf(1, { kind: 'agent', value: 'planner', exp: untilLifted }),
        await recordOf(2, { kind: 'agent', value: 'planner', exp: 0 }),
      ];
      const view = createRevocationView();
      view.apply(pageOf(records), 0);
      view.apply(pageOf(records.slice(0, 1), { seq: 2, full: false }), 0);
      equal(await covers(view, identityOf()), false, 'lifted');
    },
  },
  {
    name: 'a record whose end is past lifts what was revoked, and can be revoked again',
    run: async () => {
      const agent = { kind: 'agent', value: 'planner' } as const;
      const view = await viewOf({ ...agent, exp: untilLifted }, { value: 'token-9' });
      view.apply(pageOf([await recordOf(3, { ...agent, exp: asOf })], { full: false }), 2);
      equal(await covers(view, identityOf()), false, 'lifted');
      equal(await covers(view, identityOf({ tokenId: 'token-9' })), true, 'others');
      view.apply(pageOf([await recordOf(4, { ...agent, exp: untilLifted })], { full: false }), 3);
      equal(await covers(view, identityOf()), true, 'revoked again');
    },
  },
  {
    name: 'an earlier time and an earlier end never undo later ones',
    run: async () => {
      const all = { kind: 'before', value: '' } as const;
      const view = await viewOf(
        { ...all, before: asOf - 10, exp: asOf + 1000 },
        { ...all, before: asOf - 1000, exp: asOf + 10 },
      );
      equal(await covers(view, identityOf({ issuedAt: asOf - 10 })), true, 'covered');
      view.apply(pageOf([], { seq: 2, full: false, as_of: asOf + 500 }), 2);
      equal(await covers(view, identityOf({ issuedAt: asOf - 10 })), true, 'later');
    },
  },
  {
    name: 'times are forgotten when the last token that they cover has expired, and not before',
    run: async () => {
      const view = await viewOf({ kind: 'before', value: '', before: asOf, exp: asOf + 100 });
      view.apply(pageOf([], { seq: 1, full: false, as_of: asOf + 99 }), 1);
      equal(view.size, 1, 'held');
      view.apply(pageOf([], { seq: 1, full: false, as_of: asOf + 100 }), 1);
      equal(view.size, 0, 'forgotten');
    },
  },
];
