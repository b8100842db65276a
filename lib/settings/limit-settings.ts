/** Settings of limits: how fast, how much, how many. */
import * as v from 'valibot';

export const wholeNumber = (from: number, to: number) => {
  const expected = `a whole number from ${from} to ${to}`;
  return v.pipe(
    v.number(expected),
    v.integer(expected),
    v.minValue(from, expected),
    v.maxValue(to, expected),
  );
};

export const throttleEntries = {
  /** Some Regions allow an account no more than this. */
  ratePerSecond: v.optional(wholeNumber(1, 1_000_000), 2_500),
  burst: v.optional(wholeNumber(1, 1_000_000), 1_250),
  /** Handshakes; an account may open 500 connections per second. */
  connectsPerSecond: v.optional(wholeNumber(1, 1_000_000), 500),
  connectBurst: v.optional(wholeNumber(1, 1_000_000), 500),
};

export const messageRateEntries = {
  agentPerSecond: v.optional(wholeNumber(0, 100_000), 50),
  agentBurst: v.optional(wholeNumber(1, 1_000_000), 100),
  tenantPerSecond: v.optional(wholeNumber(0, 1_000_000), 1_000),
  tenantBurst: v.optional(wholeNumber(1, 10_000_000), 2_000),
};

/** The least burst is more than any estimate of a frame: otherwise that frame would never go. */
export const workRateEntries = {
  agentPerSecond: v.optional(wholeNumber(0, 10_000_000)),
  agentBurst: v.optional(wholeNumber(100, 100_000_000)),
  tenantPerSecond: v.optional(wholeNumber(0, 100_000_000)),
  tenantBurst: v.optional(wholeNumber(100, 1_000_000_000)),
};

/** 0 = no limit, where it is allowed. */
export const tenantQuotaEntries = {
  connections: v.optional(wholeNumber(0, 10_000_000), 0),
  agents: v.optional(wholeNumber(0, 10_000_000), 0),
  /** A day is one of UTC. */
  storedBytesPerDay: v.optional(wholeNumber(0, 1_000_000_000_000_000), 0),
  deliveriesPerDay: v.optional(wholeNumber(0, 1_000_000_000_000), 0),
  /** Agents that never connected and have messages in their inbox. */
  unknownAgents: v.optional(wholeNumber(1, 50_000), 10_000),
};
