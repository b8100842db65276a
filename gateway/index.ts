/**
 * The laptop gateway's public surface: start it, share its key file, separate user errors from defects. The other
 * files of this folder are internal.
 */
export { type Bill, billFor } from './costs/bill';
export {
  type Counts,
  countsBetween,
  emptyPolls,
  type FunctionCounts,
  messageUnits,
  noCounts,
  payloadUnits,
} from './costs/counts';
export { type Price, type PriceName, priceList } from './costs/price-list';
export { costLine, type CostReport } from './costs/report';
export { GatewayError } from './gateway-error';
export type { Faults, FaultSettings } from './faults/event-faults';
export type { FaultReport } from './faults/fault-plan';
export type { ParsedFaultPlan, FaultPlanInput, FaultRule } from './faults/plan-schema';
export { parseFaultPlan } from './faults/plan-schema';
export { newAccount } from './options';
export type { Gateway, GatewayLogEntry, GatewayOptions, OpenConnection } from './options';
export { type Metric, percentile } from './metrics/metric';
export { loadOrCreateKey, numberedKeyFile } from './kms/private-key';
export { certificateFiles, type CertificateFiles, makeCertificate } from './http/certificate';
export { checkPort } from './http/http-server';
export { startGateway } from './start';
export type { UnverifiedBehaviour } from './unverified-behaviour';
