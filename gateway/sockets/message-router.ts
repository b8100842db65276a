/**
 * Handles one text message: selects the route, invokes the function, and sends the reply or an error frame. Messages
 * of one connection run concurrently; AWS promises no order.
 */
import type { ApiRuntime } from './api-runtime';
import type { Connection } from './connection';
import { messageEvent } from '../events/message';
import { type RequestContext, requestContext } from '../events/request-context';
import { callIntegration } from './integration';
import { selectRoute } from './route-selection';

/** The part of a connection that a reply needs. */
type Caller = Pick<Connection, 'facts' | 'send'>;

export async function handleMessage(runtime: ApiRuntime, caller: Caller, text: string): Promise<void> {
  const { model, facts, functions, clock, faults, unverified } = runtime;
  const route = selectRoute(model, text, unverified.lifecycleRoutesSelectable);
  const context = requestContext(route?.key ?? '$default', 'MESSAGE', facts, caller.facts, clock.now());
  if (route === undefined) {
    sendError(caller, 'Forbidden', context);
    return;
  }
  if (route.integration === undefined) return;
  const event = messageEvent(text, facts, context);
  const fault = faults.message();
  await clock.wait(fault.startDelayMs);
  const outcome = await callIntegration(route.integration, event, functions, clock);
  await clock.wait(fault.replyDelayMs);
  // Error frames are sent on one-way routes too. The connection stays open.
  if (outcome.kind === 'timed-out') sendError(caller, 'Endpoint request timed out', context);
  else if (outcome.kind !== 'response') sendError(caller, 'Internal server error', context);
  else if (route.repliesToCaller && outcome.body) caller.send(Buffer.from(outcome.body));
}

function sendError(caller: Caller, message: string, { connectionId, requestId }: RequestContext): void {
  caller.send(Buffer.from(JSON.stringify({ message, connectionId, requestId })));
}
