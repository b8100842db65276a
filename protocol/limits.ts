/**
 * Limits of the protocol, in the units that their names say.
 * Those of the platform (frames, messages, lifetimes) are Amazon API Gateway's and can't be raised.
 */

// Alone, because the SDK imports these, and the others would be a part of its bundle.
/** A text frame that a client sends; a larger one closes the connection with 1009 (API Gateway). */
export const frameBytes = 32_768;
/** Frames in one JSON array. */
export const batchFrames = 25;
/** Channels that one connection is subscribed to. */
export const channels = 100;
/** Channels that one `ping` asks about. */
export const pingChannels = 20;
/** `timeout_ms` of a request: 24 days, which timers of clients can still hold. */
export const requestTimeoutMs = 2_073_600_000;

export const limits = {
  frameBytes,
  /** A whole message in either direction (API Gateway). */
  messageBytes: 131_072,
  /** A message with all fields of the server: the rest of a whole message is for the envelope of an answer that holds it. */
  storedMessageBytes: 129_024,
  batchFrames,
  channels,
  pingChannels,
  /** Messages of one `history` or replay. */
  historyMessages: 1_000,
  historyDefault: 100,
  /** Agents in one answer to a `presence` query. */
  presenceAgents: 100,
  /** Capabilities of one agent. */
  capabilities: 50,
  /** UTF-16 code units of a status or a capability. */
  presenceLength: 64,
  /** UTF-16 code units of a tenant, agent, message or correlation id. */
  idLength: 128,
  channelLength: 128,
  typeLength: 64,
  requestTimeoutMs,
  /** Nested arrays and objects in one field of a frame. */
  depth: 64,
  /** Nested arrays and objects in one text message, batches included: more is not even parsed. */
  textDepth: 512,
  /** Elements, fields and names of fields in one text message. Each costs time to read, check and write, however short it is. */
  values: 6_000,
  /** Fields of a frame itself, those of the user included. */
  fields: 128,
  /** An id that breaks the grammar is still echoed in the ERROR up to this length. */
  echoedIdLength: 1_024,
} as const;
