// `swarmgate`: the whole library.

export * from './issue/index.ts';
export * from './seal/index.ts';
export * from './verify/index.ts';
