// `swarmgate`: the whole library.

export * from './client/index.ts';
export * from './issue/index.ts';
export * from './seal/index.ts';
export * from './verify/index.ts';
