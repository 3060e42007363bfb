// What few keys need, in one file: bundlers make one chunk of it.

export { keyFault } from './faults.ts';
export { jwkFromPem } from './pem.ts';
