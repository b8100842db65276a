/**
 * The states of a client, as a table: what may follow what, and by which event.
 */

/** `connecting` covers every try and the waits between them. `closed` is for good. */
export type State = 'disconnected' | 'connecting' | 'connected' | 'closed';

/** `lost` is a drop, after which the client connects again; `closed` is what the user wanted, or a refusal that no try would change. */
export type Transition = 'connect' | 'welcomed' | 'lost' | 'closed';

const table: Readonly<Record<State, Partial<Record<Transition, State>>>> = {
  disconnected: { connect: 'connecting', closed: 'closed' },
  connecting: { welcomed: 'connected', closed: 'closed' },
  connected: { lost: 'connecting', closed: 'closed' },
  closed: {},
};

/** The state that follows, or `undefined` when the event means nothing in this state. */
export function nextState(state: State, event: Transition): State | undefined {
  return table[state][event];
}
