/**
 * What callers of the gateway give and get: the public types, exported through index.ts.
 */

import type { FaultReport } from './faults/layer';
import type { FaultPlanInput } from './faults/plan';

export interface GatewayOptions {
  /** Path of the synthesized cloud assembly (`cdk.out`). */
  assembly: string;
  /** Name of the stack; default: the only one. */
  stack?: string;
  /** Default 0: any free port. */
  port?: number;
  /** Default 127.0.0.1. */
  host?: string;
  /** Folder in which the tables are kept; default: in memory. */
  dataDirectory?: string;
  /** Another DynamoDB engine to use, such as AWS's DynamoDB Local. */
  dynamodbEndpoint?: string;
  /** PEM file of the P-256 private key behind the template's KMS key; made when missing. */
  keyFile: string;
  /** Handshakes per second before 429; default 500, AWS's quota. 0 refuses all. */
  connectionsPerSecond?: number;
  /**
   * What goes wrong between the functions and AWS. Only a gateway that was started with a plan, be it an empty one, can
   * take another later.
   */
  faultPlan?: FaultPlanInput;
  /** Output of the functions, crashes, timeouts; default: silent. */
  log?: Log;
}

export type Log = (entry: GatewayLogEntry) => void;

export interface GatewayLogEntry {
  /** Physical name of the function. */
  function: string;
  /** `platform`: what Lambda itself would say, such as a timeout or a crash. */
  stream: 'stdout' | 'stderr' | 'platform';
  text: string;
  requestId?: string;
}

export interface Gateway {
  port: number;
  urls: {
    /** `ws://host:port`; the API is under `/{stage}`. */
    base: string;
    /** `ws://host:port/v1` when the stack has a CloudFront distribution. */
    edge?: string;
    /** Answers 200 once the gateway serves. */
    ready: string;
  };
  /** The stack's outputs as they would be on AWS. */
  outputs: Record<string, string>;
  endpoints: {
    dynamodb: string;
    /** `http://host:port/{stage}`, for `@connections`. */
    callback: string;
    lambda: string;
    kms: string;
  };
  /** Logical id → physical name. */
  tables: Record<string, string>;
  clock: {
    now(): number;
    /**
     * Moves the time of the gateway and of its functions; timers fire on the way, in order. Functions that are
     * about to return may do so first; one that still runs after a moment meets its integration timeout.
     */
    advance(ms: number): Promise<void>;
  };
  /** Switches that tests may turn at any time. */
  faults: Faults;
  /** The fault plan and what has happened of it; `undefined` without `GatewayOptions.faultPlan`. */
  faultPlan: { report(): FaultReport; replace(plan: FaultPlanInput): FaultReport } | undefined;
  /** The open sockets. */
  connections(): OpenConnection[];
  stop(): Promise<void>;
}

export interface Faults {
  /** `$disconnect` is best effort on AWS: it may be lost, or run twice. */
  disconnect: 'deliver' | 'lose' | 'duplicate';
}

export interface OpenConnection {
  connectionId: string;
  /** Epoch milliseconds. */
  connectedAt: number;
  lastActiveAt: number;
  /** True when the client came through the distribution. */
  viaEdge: boolean;
  authorizer?: Record<string, string | number>;
}
