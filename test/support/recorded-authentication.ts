// What Apache Mesos's master, its agent and its drivers have said to each other to authenticate by
// CRAM-MD5, byte for byte: bodies of messages in base64, as they were seen on the wire.

/** The secrets, where they are right, and the machine of the master. */
export const RECORDED_CREDENTIALS = [
  { principal: 'agent-a', secret: 'secret-a' },
  { principal: 'fw-a', secret: 'secret-f' },
];
export const RECORDED_HOSTNAME = 'host-a';

type Said = readonly [speaker: 'client' | 'master', name: string, base64: string];

export interface Exchange {
  /** What the client shows. */
  readonly what: string;
  /** The pid of the process that authenticates. */
  readonly client: string;
  readonly said: readonly Said[];
}

export const EXCHANGES: readonly Exchange[] = [
  {
    what: "an agent's secret",
    client: 'crammd5-authenticatee(1)@127.0.0.1:6820',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSgxKUAxMjcuMC4wLjE6NjgyMA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      ['master', 'AuthenticationStepMessage', 'Cho8MzU2NDU0OTU0OC43MzU0MTBAaG9zdC1hPg=='],
      [
        'client',
        'AuthenticationStepMessage',
        'CihhZ2VudC1hIDFmY2RiNzIwMGExYzkyYzUxYjU5ZmFhMjFhNjk1NTg1',
      ],
      ['master', 'AuthenticationCompletedMessage', ''],
    ],
  },
  {
    what: "a framework's secret",
    client: 'crammd5-authenticatee(1)@127.0.0.1:6801',
    said: [
      [
        'client',
        'AuthenticateMessage',
        'Cj1zY2hlZHVsZXItNTA1MTA1ODMtNmQ2ZS00MWNiLWE5ZDktZDBlOGYwNzRkYmQwQDEyNy4wLjAuMTo2ODAx',
      ],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      ['master', 'AuthenticationStepMessage', 'Cho8MTgxNDI1OTU2My43MzU0NzNAaG9zdC1hPg=='],
      [
        'client',
        'AuthenticationStepMessage',
        'CiVmdy1hIGY2ODc2YjEzYmY1NmFkNWJiMGYwYzM2MTg4NTg3ODdm',
      ],
      ['master', 'AuthenticationCompletedMessage', ''],
    ],
  },
  {
    what: 'another secret',
    client: 'crammd5-authenticatee(1)@127.0.0.1:6820',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSgxKUAxMjcuMC4wLjE6NjgyMA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      ['master', 'AuthenticationStepMessage', 'Chk8ODc0ODUxMjM5LjczNTQ2OEBob3N0LWE+'],
      [
        'client',
        'AuthenticationStepMessage',
        'CihhZ2VudC1hIDIxY2IxMDRhYmUxMzdlYTU5ZWQyMGM2NzFhYTNlNTQw',
      ],
      ['master', 'AuthenticationFailedMessage', ''],
    ],
  },
  {
    what: 'no such principal',
    client: 'crammd5-authenticatee(1)@127.0.0.1:6821',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSgxKUAxMjcuMC4wLjE6NjgyMQ=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      ['master', 'AuthenticationStepMessage', 'Chk8Njc5MDQ2NjQ0LjczNTQ3MUBob3N0LWE+'],
      [
        'client',
        'AuthenticationStepMessage',
        'Cidub2JvZHkgODM1YzMxYWQwNmI4ZTlkMjM1ZjhhNTJlYzc1NjQ0MmM=',
      ],
      ['master', 'AuthenticationFailedMessage', ''],
    ],
  },
  {
    what: 'a mechanism that there is not',
    client: 'crammd5-authenticatee(1)@127.0.0.1:6850',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSgxKUAxMjcuMC4wLjE6Njg1MA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CgVQTEFJThIA'],
      [
        'master',
        'AuthenticationErrorMessage',
        'CjpTQVNMKC00KTogbm8gbWVjaGFuaXNtIGF2YWlsYWJsZTogQ291bGRuJ3QgZmluZCBtZWNoIFBMQUlO',
      ],
    ],
  },
  {
    what: 'a start with data',
    client: 'crammd5-authenticatee(2)@127.0.0.1:6850',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSgyKUAxMjcuMC4wLjE6Njg1MA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIKYWdlbnQtYSAwMA=='],
      [
        'master',
        'AuthenticationErrorMessage',
        'Ck5TQVNMKC01KTogYmFkIHByb3RvY29sIC8gY2FuY2VsOiBSZW1vdGUgc2VudCBmaXJzdCBidXQgbWVjaCBkb2VzIG5vdCBhbGxvdyBpdC4=',
      ],
    ],
  },
  {
    what: 'a step without a start',
    client: 'crammd5-authenticatee(3)@127.0.0.1:6850',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSgzKUAxMjcuMC4wLjE6Njg1MA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStepMessage', 'CgF4'],
      [
        'master',
        'AuthenticationErrorMessage',
        'CilVbmV4cGVjdGVkIGF1dGhlbnRpY2F0aW9uICdzdGVwJyByZWNlaXZlZA==',
      ],
    ],
  },
  {
    what: 'a second start',
    client: 'crammd5-authenticatee(4)@127.0.0.1:6850',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSg0KUAxMjcuMC4wLjE6Njg1MA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      ['master', 'AuthenticationStepMessage', 'Cho8MzgzMTI2OTYxOS43MzU3NjlAaG9zdC1hPg=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      [
        'master',
        'AuthenticationErrorMessage',
        'CipVbmV4cGVjdGVkIGF1dGhlbnRpY2F0aW9uICdzdGFydCcgcmVjZWl2ZWQ=',
      ],
    ],
  },
  {
    what: 'a response without a digest',
    client: 'crammd5-authenticatee(5)@127.0.0.1:6850',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSg1KUAxMjcuMC4wLjE6Njg1MA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      ['master', 'AuthenticationStepMessage', 'Cho8MzY0MTM4MDYxNC43MzU3NzBAaG9zdC1hPg=='],
      ['client', 'AuthenticationStepMessage', 'CgZhZ2VudGE='],
      [
        'master',
        'AuthenticationErrorMessage',
        'CjlTQVNMKC01KTogYmFkIHByb3RvY29sIC8gY2FuY2VsOiBuZWVkIGF1dGhlbnRpY2F0aW9uIG5hbWU=',
      ],
    ],
  },
  {
    what: 'a digest in upper case',
    client: 'crammd5-authenticatee(8)@127.0.0.1:6850',
    said: [
      ['client', 'AuthenticateMessage', 'ChdzbGF2ZSg4KUAxMjcuMC4wLjE6Njg1MA=='],
      ['master', 'AuthenticationMechanismsMessage', 'CghDUkFNLU1ENQ=='],
      ['client', 'AuthenticationStartMessage', 'CghDUkFNLU1ENRIA'],
      ['master', 'AuthenticationStepMessage', 'Cho8MTE3MjM1MjYxNy43MzU3NzJAaG9zdC1hPg=='],
      [
        'client',
        'AuthenticationStepMessage',
        'CihhZ2VudC1hIDIzREJBMERBOTA2RkJGNTYxRkZBMUZEN0E1RDcwOEM3',
      ],
      ['master', 'AuthenticationFailedMessage', ''],
    ],
  },
];
