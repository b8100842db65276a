/** The model of a stack: plain data with all references resolved. The readers of this folder create it. */

export interface AppModel {
  stackName: string;
  api: ApiModel;
  httpApi: HttpApiModel | undefined;
  /** By physical name. */
  functions: Map<string, FunctionModel>;
  tables: TableModel[];
  signingKeys: KeyModel[];
  schedules: ScheduleModel[];
  metricFilters: MetricFilterModel[];
  logSubscriptions: LogSubscriptionModel[];
  queues: QueueModel[];
  storedQueues: StoredQueueModel[];
  rules: RuleModel[];
  edge: EdgeModel | undefined;
  outputs: Record<string, string>;
}

export interface ApiModel {
  id: string;
  stage: string;
  stageVariables: Record<string, string>;
  routeSelectionExpression: string;
  /** By route key. */
  routes: Map<string, RouteModel>;
}

export interface HttpApiModel {
  id: string;
  stageVariables: Record<string, string>;
  routes: HttpRouteModel[];
  cors: CorsModel | undefined;
}

export interface HttpRouteModel {
  /** As in the template: `ANY /v1/{proxy+}`, `$default`. */
  key: string;
  integration: IntegrationModel;
}

/** The CORS settings of an HTTP API. */
export interface CorsModel {
  allowOrigins: string[];
  allowMethods: string[];
  allowHeaders: string[];
  exposeHeaders: string[];
  maxAgeSeconds: number | undefined;
}

export interface RouteModel {
  key: string;
  integration: IntegrationModel | undefined;
  authorizer: AuthorizerModel | undefined;
  /** A `$default` route response: the function's body goes back to the caller. */
  repliesToCaller: boolean;
}

export interface IntegrationModel {
  functionName: string;
  timeoutMs: number;
}

export interface AuthorizerModel {
  functionName: string;
  identitySources: IdentitySource[];
}

export interface IdentitySource {
  from: 'header' | 'querystring' | 'stageVariables' | 'context';
  name: string;
}

export interface FunctionModel {
  name: string;
  arn: string;
  /** Folder of the code asset. */
  directory: string;
  /** Module path inside the folder without extension, and the export. */
  module: string;
  exportName: string;
  environment: Record<string, string>;
  timeoutMs: number;
  memoryMb: number;
  /** For asynchronous invocations: the number of retries, and the destination of the last failure. */
  retries: number;
  failureDestination: string | undefined;
  /** The policies of its role for `@connections`; `undefined` when the role is outside the stack. */
  callbackPolicy: object | undefined;
}

export interface TableModel {
  logicalId: string;
  name: string;
  /** The body of DynamoDB's CreateTable. */
  definition: Record<string, unknown>;
}

export interface KeyModel {
  id: string;
  arn: string;
  /** At the end of its alias, such as 2 in `…/token-2`; 1 where there is none. */
  number: number;
}

export interface ScheduleModel {
  name: string;
  arn: string;
  /** `undefined` when the expression is a `cron(…)`, which the gateway does not run. */
  everyMs: number | undefined;
  expression: string;
  functionName: string;
  /** JSON; `undefined` = the platform's own event. */
  input: string | undefined;
}

/** A rule of EventBridge that waits for events. */
export interface RuleModel {
  name: string;
  /** The name of its event bus. */
  bus: string;
  pattern: Record<string, unknown>;
  targets: RuleTargetModel[];
}

/** A queue or a function, and what it gets: `input`, the part at `inputPath`, the filled `template`, else the event. */
export interface RuleTargetModel {
  queueUrl: string | undefined;
  functionName: string | undefined;
  input: string | undefined;
  inputPath: string | undefined;
  template: string | undefined;
  /** The variables of the template. */
  paths: Map<string, string>;
}

export interface LogSubscriptionModel {
  /** Whose lines it gets. */
  functions: string[];
  pattern: string;
  /** Gets the lines that match. */
  functionName: string;
}

export interface MetricFilterModel {
  /** Physical names of the functions that write to the log group. */
  functions: string[];
  pattern: string;
  namespace: string;
  name: string;
  /** A number, or the selector of a field. */
  value: string;
  unit: string;
}

export interface EdgeModel {
  domainName: string | undefined;
  /** Source of the viewer-request Function; `undefined` = requests pass unchanged. */
  functionCode: string | undefined;
  /** Added before the path of requests to the origin. */
  originPath: string;
  /** Added to requests to the origin, in place of the viewer's of the same names. */
  originHeaders: [name: string, value: string][];
}

/** A queue that feeds a function. */
export interface QueueModel {
  url: string;
  arn: string;
  functionName: string;
  batchSize: number;
  /** The function says which messages of a batch have failed. */
  reportsFailures: boolean;
  visibilityMs: number;
  /** Attempts before a message goes to the dead-letter queue. */
  maxReceives: number;
  deadLetterArn: string | undefined;
}

/** A queue that feeds no function. */
export interface StoredQueueModel {
  url: string;
  arn: string;
  visibilityMs: number;
  retentionMs: number;
}
