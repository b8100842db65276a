/** `/_gateway/faults`: GET returns the plan and its counts, PUT replaces the plan. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { GatewayError } from '../gateway-error';
import { readBody, reply } from '../http/http-reply';
import { parseJson } from '../json';
import type { FaultPlan } from './fault-plan';

export const faultsPath = '/_gateway/faults';

const planBytes = 1_048_576;

export async function serveFaults(
  request: IncomingMessage,
  response: ServerResponse,
  faultPlan: FaultPlan | undefined,
): Promise<void> {
  const body = await readBody(request, planBytes);
  if (faultPlan === undefined) {
    reply(response, 409, { message: 'Faults are off: start the gateway with --faults FILE.' });
  } else if (request.method === 'GET') {
    reply(response, 200, faultPlan.report());
  } else if (request.method !== 'PUT') {
    reply(response, 405, { message: 'GET reads the fault plan, PUT replaces it.' }, { Allow: 'GET, PUT' });
  } else {
    replace(body, response, faultPlan);
  }
}

function replace(body: Buffer | undefined, response: ServerResponse, faultPlan: FaultPlan): void {
  try {
    reply(response, 200, faultPlan.replace(parseJson(body?.toString() ?? '')));
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    reply(response, 400, { message: error.message, hint: error.hint });
  }
}
