// A corpus of JSON texts: what the strict parser refuses, and what it must accept (RFC 8259)

import { parseJson, scanJsonObject } from '../../../src/index.ts';
import { deepEqual, equal, type ContractCase } from '../case.ts';
import {
  acceptedLines,
  acceptedTexts,
  refusedLines,
  refusedTexts,
  topOnly,
} from '../support/json_texts.ts';

function throwsSyntaxError(parse: () => unknown): void {
  let outcome: string;
  try {
    outcome = `it returned ${JSON.stringify(parse())}`;
  } catch (error) {
    if (error instanceof SyntaxError && /^JSON is malformed at \d+$/.test(error.message)) return;
    outcome = `it threw ${String(error)}`;
  }
  throw new Error(`Expected a SyntaxError that holds no text, but ${outcome}`);
}

const refusal = (name: string, text: string): ContractCase => ({
  name: `parseJson() refuses ${name}`,
  run: async () => {
    throwsSyntaxError(() => parseJson(text));
    throwsSyntaxError(() => scanJsonObject(text));
    throwsSyntaxError(() => parseJson(`{"v":${text}}`));
    throwsSyntaxError(() => scanJsonObject(`{"v":${text}}`));
  },
});

const acceptance = (name: string, text: string): ContractCase => ({
  name: `parseJson() reads ${name} as JSON.parse does`,
  run: async () => {
    const expected: unknown = JSON.parse(text);
    deepEqual(parseJson(text), expected, 'value');
    if (text.includes('['.repeat(32)) || text.includes('{"a":'.repeat(32))) return;
    const wrapped = `{ "v" : ${text} , "w":0 }`;
    const { value, spans } = scanJsonObject(wrapped);
    deepEqual(value['v'], expected, 'member');
    const [start, end] = spans.get('v') ?? [0, 0];
    equal(wrapped.slice(start, end), text.trim(), 'span');
  },
});

export const cases: readonly ContractCase[] = [
  ...refusedLines.filter((text) => !topOnly.has(text)).map((text) => refusal(text, text)),
  ...[...topOnly].map((text) => ({
    name: `parseJson() refuses ${text} at the top`,
    run: async () => throwsSyntaxError(() => parseJson(text)),
  })),
  ...Object.entries(refusedTexts).map(([name, text]) => refusal(name, text)),
  ...acceptedLines.map((text) => acceptance(text, text)),
  ...Object.entries(acceptedTexts).map(([name, text]) => acceptance(name, text)),
  {
    name: 'scanJsonObject() refuses a text whose top level is no object',
    run: async () => {
      for (const text of ['[]', '1', '"a"', 'null', '', ' ']) {
        throwsSyntaxError(() => scanJsonObject(text));
      }
    },
  },
  {
    name: 'parseJson() keeps __proto__ an own member of no effect',
    run: async () => {
      const value = parseJson('{"__proto__":{"admin":true},"a":1.0}') as object;
      equal(Object.getPrototypeOf(value), Object.prototype, 'prototype');
      equal(Object.hasOwn(value, '__proto__'), true, 'own member');
      equal(Reflect.get({}, 'admin'), undefined, 'admin of a fresh object');
    },
  },
];
