/**
 * The conformance tests that cannot pass on serverless-offline, each with what the emulator does otherwise than AWS.
 * A listed test that passes is an error too: then the list is out of date.
 */

export interface Difference {
  reason: string;
  titles: RegExp[];
}

export const differences: Difference[] = [
  {
    reason: 'It has no CloudFront, so nothing rewrites the path form, and every path opens a connection',
    titles: [
      /^CON-7 (?!tenant_id and agent_id in the query)/,
      /^CON-8 /,
      /^MSG-3 everybody on the channel gets the message/,
    ],
  },
  {
    reason:
      'It answers 500 where an authorizer throws "Unauthorized", or where the identity source is missing; AWS answers 401',
    titles: [
      /^CON-2 without a token/,
      /^CON-3 401 for /,
      /^CON-4 a token given twice/,
      /^CON-10 a refusal is/,
    ],
  },
  {
    reason: 'It takes the first sub-protocol of the list by itself; AWS takes what $connect answers',
    titles: [/^CON-11 a list of sub-protocols/],
  },
  {
    reason: 'It has no limits on frames and messages (1009) and lets binary frames through (1003)',
    titles: [
      /^ERR-7 a text frame of 32,768 bytes/,
      /^ERR-7 bytes are counted/,
      /^ERR-7 a message over 131,072 bytes/,
      /^ERR-7 a binary frame/,
    ],
  },
];

/** Not asked for: 36 connections and 36 publishes at once start a worker thread each, which takes longer than a message may wait. */
export const leftOut = ['MSG-5 many tenants, channels and agents at once'];

export function differenceOf(title: string): Difference | undefined {
  return differences.find(({ titles }) => titles.some((each) => each.test(title)));
}
