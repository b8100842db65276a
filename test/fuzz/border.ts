/** The border of the service for text messages: the route and the core over stores in memory, and one caller. */
import { defaultRoute } from '../../lambda/events/web-socket/default';
import type { WebSocketEvent } from '../../lambda/events/web-socket/web-socket-event';
import { createWorld } from '../lambda/world';

export function createBorder() {
  const world = createWorld();
  const off = { perSecond: 0, burst: 1 };
  world.deps.rateLimits = { agent: off, tenant: off, agentWork: off, tenantWork: off };
  const route = defaultRoute(world.deps);
  const event = (body: string): WebSocketEvent => ({
    requestContext: {
      connectionId: 'conn=',
      requestId: 'request=',
      requestTimeEpoch: world.clock.time,
      connectedAt: world.clock.time,
      authorizer: {
        tenant: 't',
        agent: 'a',
        channel: 'c',
        grants: '{"c":["publish"],"open.*":["publish"]}',
        exp: '1890000000',
        level: '0',
        echo: 'false',
      },
    },
    body,
  });
  return { world, send: (text: string) => route(event(text)) };
}
