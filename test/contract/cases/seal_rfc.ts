// JWEs as printed in RFC 7516: other algorithms than a sealer's are refused with the right key in hand

import { compactDecrypt, importJWK } from 'jose';
import { createSealer } from '../../../src/seal/index.ts';
import { equal, rejectsWithCode, type ContractCase } from '../case.ts';
import { rsa7516 } from '../support/printed_keys.ts';

/** https://www.rfc-editor.org/rfc/rfc7516#appendix-A.1: RSA-OAEP (SHA-1) with A256GCM. */
const a1 = [
  'eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ',
  [
    'OKOawDo13gRp2ojaHV7LFpZcgV7T6DVZKTyKOMTYUmKoTCVJRgckCL9kiMT03JGeipsEdY3mx_etLbbWSrFr05kLzcSr4qKA',
    'q7YN7e9jwQRb23nfa6c9d-StnImGyFDbSv04uVuxIp5Zms1gNxKKK2Da14B8S4rzVRltdYwam_lDp5XnZAYpQdb76FdIKLaV',
    'mqgfwX7XWRxv2322i-vDxRfqNzo_tETKzpVLzfiwQyeyPGLBIO56YJ7eObdv0je81860ppamavo35UgoRdbYaBcoh9QcfylQ',
    'r66oc6vFWXRcZ_ZT2LawVCWTIy3brGPi6UklfCpIMfIjf7iGdXKHzg',
  ].join(''),
  '48V1_ALb6US04U3b',
  '5eym8TW_c8SuK0ltJ3rpYIzOeDQz7TALvtu6UG9oMo4vpzs9tX_EFShS8iB7j6jiSdiwkIr3ajwQzaBtQD_A',
  'XFBoMYUZodetZdvTiFvSkQ',
].join('.');

/** https://www.rfc-editor.org/rfc/rfc7516#appendix-A.3: A128KW with A128CBC-HS256. */
const a3 = [
  'eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4Q0JDLUhTMjU2In0',
  '6KB707dM9YTIgHtLvtgWQ8mKwboJW3of9locizkDTHzBC2IlrT1oOQ',
  'AxY8DCtDaGlsbGljb3RoZQ',
  'KDlTtXchhZTGufMYmOYGS4HffxPSUrfmqCHXaI9wOGY',
  'U0m_YmjN04DJvceFICbCVQ',
].join('.');

/** The content key that A.1.2 prints, here as a shared secret. */
const contentKey = 'saH0gFSP4XM_tAP_a5rU9ooHblswLiJpL4LLLnrqQPw';

export const cases: readonly ContractCase[] = [
  {
    name: 'RFC 7516 A.1 decrypts with jose as printed',
    run: async () => {
      const key = await importJWK(rsa7516, 'RSA-OAEP');
      const { plaintext } = await compactDecrypt(a1, key);
      const text = 'The true sign of intelligence is not knowledge but imagination.';
      equal(new TextDecoder().decode(plaintext), text, 'plaintext');
    },
  },
  {
    name: 'RFC 7516 A.1 is refused by a sealer with the same RSA key: RSA-OAEP is not RSA-OAEP-256',
    run: async () => {
      const sealer = createSealer({ privateKey: rsa7516 });
      await rejectsWithCode(sealer.decryptPayload(a1), 'payload_undecryptable');
    },
  },
  {
    name: 'RFC 7516 A.1 is refused by a sealer with the same content key: it is not dir',
    run: async () => {
      const sealer = createSealer({ key: contentKey });
      await rejectsWithCode(sealer.decryptPayload(a1), 'payload_undecryptable');
    },
  },
  {
    name: 'RFC 7516 A.3 is refused by every sealer: A128KW is nobody’s',
    run: async () => {
      for (const options of [{ key: contentKey }, { privateKey: rsa7516 }]) {
        await rejectsWithCode(createSealer(options).decryptPayload(a3), 'payload_undecryptable');
      }
    },
  },
];
