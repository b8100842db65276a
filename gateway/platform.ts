/**
 * The limits and names of the platform that this gateway implements. Quotas of WebSocket APIs are those of AWS's
 * quota table; only the connection rate can be raised.
 */

export const region = 'us-east-1';
export const accountId = '000000000000';
export const partition = 'aws';
export const urlSuffix = 'amazonaws.com';

/**
 * Dummy credentials in the correct format. DynamoDB Local has one database per access key, so all clients use this
 * one.
 */
export const credentials = {
  accessKeyId: 'LAPTOPGATEWAY',
  secretAccessKey: 'laptop',
  sessionToken: 'laptop',
};

export const limits = {
  /** A frame over 32 KB closes the connection with 1009; only the payload is counted. */
  frameBytes: 32_768,
  /** A message over 128 KB closes the connection with 1009; a POST over it is answered with 413. */
  messageBytes: 131_072,
  /** A connection without a message in either direction for ten minutes is closed. */
  idleMs: 600_000,
  /** No connection lives longer than two hours. */
  lifetimeMs: 7_200_000,
  /** New connections per second and Region; the burst is the same figure. */
  connectionsPerSecond: 500,
  /** Calls per second and Region over all APIs, callbacks included, and their burst. */
  callbacksPerSecond: 10_000,
  callbackBurst: 5_000,
  /** Body of a request to an HTTP API. */
  httpBodyBytes: 10_485_760,
  /** URL of a WebSocket API. */
  urlLength: 4_096,
  /** Result of a Lambda authorizer. */
  authorizerResultBytes: 8_192,
  /** Unread bytes of a slow client after which a POST to it gets 429. AWS does not publish its limit. */
  clientBufferBytes: 1_048_576,
  /** CloudFront closes a WebSocket over which the origin has sent nothing for ten minutes. */
  edgeSilenceMs: 600_000,
  /** The maximum and default integration timeout. */
  integrationMs: 29_000,
  /** Lambda gives a function ten seconds to load, in addition to its timeout. */
  initMs: 10_000,
  /** Largest payload of an asynchronous and of a synchronous Lambda invocation. */
  asyncPayloadBytes: 1_048_576,
  syncPayloadBytes: 6_291_456,
  /** A documented difference: AWS runs a thousand concurrently. */
  workersPerFunction: 8,
};
