/** Where the services of AWS are on this gateway. */

export const lambdaPrefix = '/_aws/lambda';
export const kmsPrefix = '/_aws/kms';
export const eventBridgePath = '/_aws/events';
export const sqsPath = '/_aws/sqs';

export interface ServiceEndpoints {
  lambda: string;
  kms: string;
  eventBridge: string;
  sqs: string;
}

/** `faulty`: the authority of the fault proxy, for the services that can have faults; default: none has. */
export function endpointsAt(authority: string, faulty = authority): ServiceEndpoints {
  return {
    lambda: `http://${faulty}${lambdaPrefix}`,
    kms: `http://${authority}${kmsPrefix}`,
    eventBridge: `http://${faulty}${eventBridgePath}`,
    sqs: `http://${authority}${sqsPath}`,
  };
}
