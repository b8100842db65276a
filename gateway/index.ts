/**
 * The laptop gateway's public surface: start it, share its key file, tell user mistakes from defects.
 * Everything else in this folder may change.
 */
export { GatewayError } from './gateway-error';
export type { FaultReport } from './faults/layer';
export type { FaultPlan, FaultPlanInput, FaultRule } from './faults/plan';
export { parsePlan } from './faults/plan';
export type { Faults, Gateway, GatewayLogEntry, GatewayOptions, OpenConnection } from './options';
export { loadOrCreateKey } from './private-key';
export { startGateway } from './start';
