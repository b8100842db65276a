/** The public types of the gateway, exported through index.ts. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CostReport } from './costs/report';
import type { Faults, FaultSettings } from './faults/event-faults';
import type { CertificateFiles } from './http/certificate';
import type { FaultReport } from './faults/fault-plan';
import type { FaultPlanInput } from './faults/plan-schema';
import type { Metric } from './metrics/metric';
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
  /** Clients connect with TLS; default: without. The functions use a plain port of their own. */
  tls?: CertificateFiles;
  /** Folder in which the tables are kept; default: in memory. */
  dataDirectory?: string;
  /** Another DynamoDB engine to use, such as AWS's DynamoDB Local. */
  dynamodbEndpoint?: string;
  /** PEM file of the P-256 private key for the template's KMS key; created when missing. A key whose alias ends in a number has a file of that number beside it. */
  keyFile: string;
  /** Handshakes per second before 429; default 500, AWS's quota. 0 rejects all. */
  connectionsPerSecond?: number;
  /** Calls to `@connections` per second before 429, and their burst; default 10,000 and 5,000. */
  callbacksPerSecond?: number;
  callbackBurst?: number;
  /** Invocations of all functions at the same time before Lambda throttles; default: no cap. */
  concurrency?: number;
  /** Events that one function handles concurrently; others wait; default 8. */
  threadsPerFunction?: number;
  /**
   * `always` loads a function again for each event, which shows code that depends on state between events; default
   * `when-needed`.
   */
  coldStarts?: 'when-needed' | 'always';
  /** Whether the policies of a function's role apply to its calls to `@connections`; default true. */
  checkPermissions?: boolean;
  /** Changes the assumed behaviour where that of AWS is not verified. */
  unverified?: Partial<UnverifiedBehaviour>;
  /**
   * Whether a connection exists in the tables only: a post to it is counted and answered with 200. For fan-outs with
   * more subscribers than one machine has sockets.
   */
  isSeeded?: (connectionId: string) => boolean;
  /** Faults of events from the start; `Gateway.faults` changes them later. */
  faults?: FaultSettings;
  /**
   * Faults between the functions and AWS. The plan can be replaced later only if the gateway started with one, which
   * may be empty.
   */
  faultPlan?: FaultPlanInput;
  /**
   * Serves pages of the user's own on the gateway's port: answers a request and returns true, or returns false. It is asked
   * about paths that are neither AWS's nor the gateway's.
   */
  site?: (request: IncomingMessage, response: ServerResponse) => boolean;
  /** Output of the functions, crashes, timeouts; default: silent. */
  log?: Logger;
}

/** The quotas of a new account in one of the Regions that allow an API the least. */
export const newAccount = {
  concurrency: 10,
  callbacksPerSecond: 2_500,
  callbackBurst: 1_250,
} as const satisfies Partial<GatewayOptions>;

export type Logger = (entry: GatewayLogEntry) => void;

export interface GatewayLogEntry {
  /** Physical name of the function. */
  function: string;
  /** `platform`: a log line of Lambda itself, such as a timeout or a crash. */
  stream: 'stdout' | 'stderr' | 'platform';
  text: string;
  requestId?: string;
}

export interface Gateway {
  port: number;
  urls: {
    /** `ws://host:port`, or `wss://` with `tls`; the API is under `/{stage}`. */
    base: string;
    /** `ws://host:port/v1` when the stack has a CloudFront distribution. */
    edge?: string;
    /** `http://host:port/v1` when the stack has an HTTP API. */
    http?: string;
    /** Answers 200 when the gateway is ready. */
    ready: string;
  };
  /** The outputs of the stack. */
  outputs: Record<string, string>;
  endpoints: {
    dynamodb: string;
    /** `http://host:port/{stage}`, for `@connections`. */
    callback: string;
    lambda: string;
    kms: string;
    eventBridge: string;
    sqs: string;
  };
  /** Logical id → physical name. */
  tables: Record<string, string>;
  clock: {
    now(): number;
    /**
     * Advances the time of the gateway and of its functions. Timers fire in order. Running functions get a moment to
     * return; after that, their integration timeout can fire.
     */
    advance(ms: number): Promise<void>;
  };
  /** Faults of events; tests may change them at any time. */
  faults: Faults;
  /** The fault plan and its counts; `undefined` without `GatewayOptions.faultPlan`. */
  faultPlan: { report(): FaultReport; replace(plan: FaultPlanInput): FaultReport } | undefined;
  /** The estimated cost on AWS so far; also at `GET /_gateway/costs`. */
  costs: () => CostReport;
  /** CloudWatch's metrics so far; also at `GET /_gateway/metrics`. */
  metrics: () => readonly Metric[];
  /** The stack's schedules; also at `/_gateway/schedules`. */
  schedules: RunningSchedule[];
  /** Invocations of all functions that run at this moment. */
  running(): number;
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
  /** Runs the function now, in addition to its schedule; settles when the function ends or fails. */
  run(): Promise<void>;
}

export interface OpenConnection {
  connectionId: string;
  /** Epoch milliseconds. */
  connectedAt: number;
  lastActiveAt: number;
  /** True when the client connected through the distribution. */
  viaEdge: boolean;
  /** Its socket is cut, and the platform has not detected it. */
  vanished: boolean;
  authorizer?: Record<string, string | number>;
}
