/**
 * Posts to connections with the AWS SDK. One attempt a call: retries are the core's, which knows the budget.
 */
import {
  ApiGatewayManagementApiClient,
  DeleteConnectionCommand,
  GetConnectionCommand,
  PostToConnectionCommand,
} from '@aws-sdk/client-apigatewaymanagementapi';
import { classifyFailure, type DeliveryOutcome } from '../../shared/delivery-outcome';
import type { ConnectionCloser, ConnectionSender } from '../../shared/ports';
import { retryClockSkew } from '../service-time';

/** Sockets to the management API: as many as the core has posts in flight. */
const sockets = 200;
const statusMs = 1_000;

export class ApiGatewaySender implements ConnectionSender, ConnectionCloser {
  private readonly client: ApiGatewayManagementApiClient;

  /** `callbackUrl`: `https://{api}.execute-api.{region}.amazonaws.com/{stage}`. */
  constructor(callbackUrl: string) {
    const agent = { keepAlive: true, maxSockets: sockets };
    this.client = new ApiGatewayManagementApiClient({
      endpoint: callbackUrl,
      maxAttempts: 1,
      requestHandler: { httpAgent: agent, httpsAgent: agent },
    });
    this.client.middlewareStack.add(retryClockSkew, { step: 'initialize', name: 'resignMistimed' });
  }

  async post(connectionId: string, text: string, timeoutMs: number): Promise<DeliveryOutcome> {
    try {
      const command = new PostToConnectionCommand({ ConnectionId: connectionId, Data: text });
      await this.client.send(command, { abortSignal: AbortSignal.timeout(timeoutMs) });
      return 'delivered';
    } catch (error) {
      return classifyFailure(failureOf(error));
    }
  }

  async status(connectionId: string): Promise<'open' | 'gone' | 'unknown'> {
    try {
      const command = new GetConnectionCommand({ ConnectionId: connectionId });
      await this.client.send(command, { abortSignal: AbortSignal.timeout(statusMs) });
      return 'open';
    } catch (error) {
      return classifyFailure(failureOf(error)) === 'gone' ? 'gone' : 'unknown';
    }
  }

  async close(connectionId: string): Promise<'closed' | 'unknown'> {
    try {
      const command = new DeleteConnectionCommand({ ConnectionId: connectionId });
      await this.client.send(command, { abortSignal: AbortSignal.timeout(statusMs) });
      return 'closed';
    } catch (error) {
      return classifyFailure(failureOf(error)) === 'gone' ? 'closed' : 'unknown';
    }
  }
}

function failureOf(error: unknown): Parameters<typeof classifyFailure>[0] {
  const { $metadata, name, code } = error as {
    $metadata?: { httpStatusCode?: number };
    name?: string;
    code?: unknown;
  };
  return {
    httpStatus: $metadata?.httpStatusCode,
    name,
    systemCode: typeof code === 'string' ? code : undefined,
  };
}
