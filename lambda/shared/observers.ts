/**
 * Connections of observers are kept like those of agents, under ids that no token can have: presence, inboxes and direct
 * messages never meet them, and neither does the agent of the same name.
 */

/** A control character, which no id of a token has. It sorts before every id. */
const mark = '\u0001';

/** Between all observers and all agents, in the order of the bytes. */
export const afterObservers = '\u0002';

/** @example observerId('console') */
export function observerId(agentId: string): string {
  return `${mark}${agentId}`;
}

export function isObserver(id: string): boolean {
  return id.startsWith(mark);
}

/** The agent that the token names, for ids of agents and of observers. */
export function agentOfToken(id: string): string {
  return isObserver(id) ? id.slice(mark.length) : id;
}
