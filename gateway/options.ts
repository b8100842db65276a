/**
 * What callers of the gateway give and get: the public types, exported through index.ts.
 */

import type { CostReport } from './costs/report';
import type { Faults, FaultSettings } from './faults/event-faults';
import type { FaultReport } from './faults/fault-plan';
import type { FaultPlanInput } from './faults/plan-schema';
import type { UnverifiedBehaviour } from './unverified-behaviour';

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
  /** Calls to `@connections` per second before 429, and how many may come at once; default 10,000 and 5,000. */
  callbacksPerSecond?: number;
  callbackBurst?: number;
  /** Invocations of all functions at the same time before Lambda throttles; default: no cap. */
  concurrency?: number;
  /** Events that one function handles side by side, the rest waits; default 8. */
  threadsPerFunction?: number;
  /** `always` loads every function anew for each event, which shows state kept between events; default `when-needed`. */
  coldStarts?: 'when-needed' | 'always';
  /** Whether a function's calls to `@connections` are held to the policies of its role; default true. */
  checkPermissions?: boolean;
  /** Other answers than the likeliest where AWS's behaviour is not established. */
  unverified?: Partial<UnverifiedBehaviour>;
  /**
   * Connections that exist in tables only: a post to one of them is counted and answered 200. For fan-outs that are wider
   * than a machine has sockets for.
   */
  isSeeded?: (connectionId: string) => boolean;
  /** What goes wrong from the start; `Gateway.faults` changes it later. */
  faults?: FaultSettings;
  /**
   * What goes wrong between the functions and AWS. Only a gateway that was started with a plan, be it an empty one, can
   * take another later.
   */
  faultPlan?: FaultPlanInput;
  /** Output of the functions, crashes, timeouts; default: silent. */
  log?: Logger;
}

export type Logger = (entry: GatewayLogEntry) => void;

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
  /** What goes wrong; tests may change it at any time. */
  faults: Faults;
  /** The fault plan and what has happened of it; `undefined` without `GatewayOptions.faultPlan`. */
  faultPlan: { report(): FaultReport; replace(plan: FaultPlanInput): FaultReport } | undefined;
  /** What all of this would have cost on AWS so far; also at `GET /_gateway/costs`. */
  costs: () => CostReport;
  /** The stack's schedules; also at `/_gateway/schedules`. */
  schedules: RunningSchedule[];
  /** The open sockets. */
  connections(): OpenConnection[];
  stop(): Promise<void>;
}

export interface RunningSchedule {
  /** Physical name of the rule or schedule. */
  name: string;
  expression: string;
  /** Physical name. */
  function: string;
  /** Runs the function now, beside its times; settles when it has ended, well or not. */
  run(): Promise<void>;
}

export interface OpenConnection {
  connectionId: string;
  /** Epoch milliseconds. */
  connectedAt: number;
  lastActiveAt: number;
  /** True when the client came through the distribution. */
  viaEdge: boolean;
  /** Its socket is cut, and the platform has not noticed. */
  vanished: boolean;
  authorizer?: Record<string, string | number>;
}
