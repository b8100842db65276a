/**
 * Behaviour of AWS that is not verified, with one switch each. The defaults are the most likely behaviour; the
 * numbers refer to docs/gateway.md.
 */

export interface UnverifiedBehaviour {
  /** GW-2: status of a handshake on a path that is not a stage. */
  unknownPathStatus: number;
  /** GW-5: status of a handshake whose `$connect` exceeds the integration timeout. */
  connectTimeoutStatus: number;
  /** GW-20: whether the authorizer's context in events holds `integrationLatency`. */
  integrationLatency: boolean;
  /** GW-36: whether a message may select `$connect` or `$disconnect` as its route. */
  lifecycleRoutesSelectable: boolean;
  /** GW-51: whether a client's ping resets the idle timer. */
  pingsKeepAlive: boolean;
  /** GW-63: status of a successful DELETE. */
  deleteStatus: 204 | 200;
  /** GW-66: the answer to a call for a connection whose `$connect` is running: 410, or no answer. */
  callInsideConnect: 'gone' | 'hang';
}

export const defaultBehaviour: UnverifiedBehaviour = {
  unknownPathStatus: 403,
  connectTimeoutStatus: 504,
  integrationLatency: true,
  lifecycleRoutesSelectable: false,
  pingsKeepAlive: false,
  deleteStatus: 204,
  callInsideConnect: 'gone',
};
