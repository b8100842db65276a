/**
 * The laptop gateway's public surface: start it, share its key file, tell user mistakes from defects.
 * Everything else in this folder may change.
 */
export { GatewayError } from './gateway-error';
export type { Faults, FaultSettings } from './faults';
export type { Gateway, GatewayLogEntry, GatewayOptions, OpenConnection } from './options';
export { loadOrCreateKey } from './private-key';
export { startGateway } from './start';
export type { Unsettled } from './unsettled';
