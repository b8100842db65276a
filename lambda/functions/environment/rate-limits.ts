/** The limits of messages and of work from the environment, the same on a socket and over HTTP. */
import { variables } from '../../contract';
import { type VariableName, wholeNumber } from './env';

export function rateLimits() {
  return {
    agent: rate(variables.agentRate, variables.agentBurst),
    tenant: rate(variables.tenantRate, variables.tenantBurst),
    ...workLimits(),
  };
}

export function workLimits() {
  return {
    agentWork: rate(variables.agentWorkRate, variables.agentWorkBurst),
    tenantWork: rate(variables.tenantWorkRate, variables.tenantWorkBurst),
  };
}

function rate(perSecond: VariableName, burst: VariableName) {
  return { perSecond: wholeNumber(perSecond), burst: wholeNumber(burst) };
}
