/**
 * The limits of the protocol that a client keeps. Written again, because the protocol's own table would be a part of every
 * user's bundle; a test compares the two.
 */
export const frameBytes = 32_768;
export const batchFrames = 25;
export const resumeChannels = 100;
export const pingChannels = 20;
export const requestTimeoutMs = 2_073_600_000;
