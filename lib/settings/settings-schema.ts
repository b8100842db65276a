/**
 * The schema of the settings: types, limits and defaults. Every message says what is expected. Does not import
 * aws-cdk-lib, because the token command reads the same settings and must start fast.
 */
import * as v from 'valibot';
import { eventsEntries } from './events-settings';
import {
  messageRateEntries,
  tenantQuotaEntries,
  throttleEntries,
  wholeNumber,
  workRateEntries,
} from './limit-settings';

/** Whole days that CloudWatch Logs accepts as a retention. */
export const logRetentionChoices = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
] as const;

export const defaultDeployment = 'artcafe';

const httpsUrl = (expected: string) =>
  v.pipe(
    v.string(expected),
    v.check((text) => /^https:\/\/[^\s?#@]+$/.test(text) && URL.canParse(text), expected),
  );

const originsExpected = 'a list of origins such as https://app.example.com';
/** As a browser writes it: no path, no slash at the end. */
const origin = v.pipe(
  v.string(originsExpected),
  v.check((text) => URL.canParse(text) && new URL(text).origin === text, originsExpected),
);

const claimName = v.pipe(
  v.string('the name of a claim, 1 to 100 characters'),
  v.regex(/^\S{1,100}$/, 'the name of a claim, 1 to 100 characters'),
);

/** An object that rejects unknown keys. Arrays are rejected too: for valibot they are objects. */
const section = <Entries extends v.ObjectEntries>(expected: string, entries: Entries) =>
  v.pipe(v.custom<object>(isPlainObject, expected), v.strictObject(entries, expected));

const edgeEntries = {
  /** Only handshakes through the edge are accepted. The number of the secret that proves it; the next number rotates it. */
  exclusive: v.optional(wholeNumber(1, 1_000_000)),
  /** A web ACL of your own (scope CLOUDFRONT) for the distribution. */
  webAclArn: v.optional(
    v.pipe(
      v.string('the ARN of a web ACL of scope CLOUDFRONT'),
      v.regex(
        /^arn:[\w-]+:wafv2:us-east-1:\d{12}:global\/webacl\/\S+$/,
        'the ARN of a web ACL of scope CLOUDFRONT',
      ),
    ),
  ),
  /** Handshakes of one address within five minutes before it is rejected. The minimum of the service is 10. */
  rateLimitPer5Minutes: v.optional(wholeNumber(10, 2_000_000_000)),
  domainName: v.optional(
    v.pipe(
      v.string('a domain name such as bus.example.com'),
      v.regex(
        /^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/,
        'a domain name such as bus.example.com',
      ),
    ),
  ),
  /** CloudFront uses certificates of us-east-1 only. */
  certificateArn: v.optional(
    v.pipe(
      v.string('the ARN of an ACM certificate in us-east-1'),
      v.regex(
        /^arn:[\w-]+:acm:us-east-1:\d{12}:certificate\/\S+$/,
        'the ARN of an ACM certificate in us-east-1',
      ),
    ),
  ),
};

export const senders = ['lean', 'sdk'] as const;

const tokenExpected = '"built-in" or an object with issuer and audience';
const shortText = v.pipe(
  v.string('a text of 1 to 256 characters'),
  v.regex(/^.{1,256}$/, 'a text of 1 to 256 characters'),
);
const listOf = <Item extends string>(choices: readonly Item[]) => {
  const expected = `a list of ${choices.join(', ')}`;
  return v.pipe(v.array(v.picklist(choices, expected), expected), v.minLength(1, expected));
};

/** What aws-jwt-verify verifies. */
const signatureAlgorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const roleExpected = 'the ARN of a role, such as arn:aws:iam::111122223333:role/minter';

const oidcEntries = {
  issuer: httpsUrl('an https URL without query'),
  /** `null` = not checked, which must be spelled out: any token of the issuer may then connect, unless `clientId` narrows it. */
  audience: v.lazy((input) => (input === null ? v.null() : shortText)),
  /** Absent = read from the issuer's `/.well-known/openid-configuration`. */
  jwksUri: v.optional(httpsUrl('an https URL without query')),
  /** The claim `client_id`, or `azp` where there is none. */
  clientId: v.optional(shortText),
  /** The claim `token_use`, which Cognito writes. */
  tokenUse: v.optional(v.picklist(['id', 'access'], '"id" or "access"')),
  /** The header `typ`. */
  types: v.optional(listOf(['jwt', 'at+jwt'])),
  /** The header `alg`; absent = all that are supported. */
  algorithms: v.optional(listOf(signatureAlgorithms)),
};

const claimEntries = {
  tenant: v.optional(claimName, 'tenant_id'),
  agent: v.optional(claimName, 'agent_id'),
  channels: v.optional(claimName, 'channels'),
  /** Default: `agents` and `role` where the deployment's own key signs; else not read, as an issuer's claims may mean something else. */
  agents: v.optional(claimName),
  role: v.optional(claimName),
};

const monitoringEntries = {
  /** Of all clients together; an alarm above it. */
  workUnitsPerHour: v.optional(wholeNumber(1, 1_000_000_000_000)),
  /** Of a topic in the same Region, for alarms and their end. */
  alarmTopicArn: v.optional(
    v.pipe(
      v.string('the ARN of an SNS topic'),
      v.regex(/^arn:[\w-]+:sns:[\w-]+:\d{12}:[\w-]{1,256}$/, 'the ARN of an SNS topic'),
    ),
  ),
};

const allowedExpected = 'a list of { "tenant", "agents" } with ids of agents, or prefixes ending in *';
const id = v.pipe(
  v.string(allowedExpected),
  v.minLength(1, allowedExpected),
  v.maxLength(128, allowedExpected),
);
const listOfAllowed = v.pipe(
  v.array(
    section(allowedExpected, {
      tenant: id,
      agents: v.pipe(v.array(id, allowedExpected), v.minLength(1, allowedExpected)),
    }),
    allowedExpected,
  ),
  v.minLength(1, allowedExpected),
);
const publishQueueEntries = {
  /** IAM says who may send to the queue; this says for whom they may publish. */
  allow: v.lazy(() => listOfAllowed),
};

export const settingsSchema = v.strictObject({
  /** Tells deployments of one account and region apart. */
  deployment: v.optional(
    v.pipe(
      v.string('1 to 32 lower-case letters, digits and hyphens that start with a letter'),
      v.regex(
        /^[a-z](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
        '1 to 32 lower-case letters, digits and hyphens that start with a letter',
      ),
    ),
    defaultDeployment,
  ),
  edge: v.optional(
    v.lazy((input) => (input === false ? v.literal(false) : section('false or an object', edgeEntries))),
    {},
  ),
  token: v.optional(
    v.lazy((input) =>
      typeof input === 'object' ? section(tokenExpected, oidcEntries) : v.literal('built-in', tokenExpected),
    ),
    'built-in',
  ),
  /** The number of the built-in signing key; the key before it stays valid. The next number rotates. */
  tokenKey: v.optional(wholeNumber(1, 1_000_000), 1),
  /** The only role that may sign with the built-in keys. */
  tokenSigner: v.optional(
    v.pipe(v.string(roleExpected), v.regex(/^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/, roleExpected)),
  ),
  claims: v.optional(section('an object', claimEntries), {}),
  /** The longest life of a token; one that expires later is refused. */
  maxTokenDays: v.optional(wholeNumber(1, 3_650), 3_650),
  /** The channels that a token without a channels claim may use. */
  defaultGrants: v.optional(v.picklist(['all', 'none'], '"all" or "none"'), 'all'),
  /** Live connections of one agent. */
  connectionLimit: v.optional(wholeNumber(1, 1_000), 100),
  /** Messages of one agent and of one tenant; a rate of 0 turns that limit off. */
  messageRate: v.optional(section('an object with rates and bursts', messageRateEntries), {}),
  /** Work of one agent and of one tenant, in units of 10⁻⁶ dollars; a rate of 0 turns that limit off. Absent: as `messageRate` needs. */
  workRate: v.optional(section('an object with rates and bursts', workRateEntries), {}),
  /** What one tenant may use. */
  tenantQuotas: v.optional(section('an object with quotas', tenantQuotaEntries), {}),
  /** How long an agent may be offline before watchers of `$presence` are notified; 0 = at once. */
  presenceGraceSeconds: v.optional(wholeNumber(0, 8), 0),
  /** How long messages stay in the log; 0 turns the log off. */
  retentionHours: v.optional(wholeNumber(0, 8_760), 24),
  /** Subscribers of a channel that the publishing function delivers to itself; workers deliver to the rest. */
  ownReceivers: v.optional(wholeNumber(1, 20_000), 3_000),
  /** The client that posts to connections: our own, or the AWS SDK's, which needs several times the processor time. */
  sender: v.optional(v.picklist(senders, '"lean" or "sdk"'), 'lean'),
  /**
   * Absent = `destroy`, or `retain` with `protection`: by default the rows expire within a day, and a removed
   * deployment should not leave resources that cost money.
   */
  removalPolicy: v.optional(v.picklist(['destroy', 'retain'], '"destroy" or "retain"')),
  /** For production: recovery, deletion protection and a key of the account for the tables, and all data retained. */
  protection: v.optional(v.boolean('true or false'), false),
  logRetentionDays: v.optional(
    v.picklist(logRetentionChoices, `one of ${logRetentionChoices.join(', ')}`),
    30,
  ),
  /** Of the audit log. */
  auditRetentionDays: v.optional(
    v.picklist(logRetentionChoices, `one of ${logRetentionChoices.join(', ')}`),
    365,
  ),
  /** Access logs need one role per account and region: created here, already there, or no access log. */
  accessLog: v.optional(
    v.picklist(['create-role', 'existing-role', 'off'], '"create-role", "existing-role" or "off"'),
    'create-role',
  ),
  /** Metrics, alarms and a dashboard. */
  monitoring: v.optional(
    v.lazy((input) =>
      input === false ? v.literal(false) : section('false or an object', monitoringEntries),
    ),
    {},
  ),
  /** Of the stage, over all routes. */
  throttle: v.optional(section('an object with rates and bursts', throttleEntries), {}),
  /** A queue whose messages are publishes; `false` = none. */
  publishQueue: v.optional(
    v.lazy((input) =>
      input === false ? v.literal(false) : section('false or { "allow" }', publishQueueEntries),
    ),
    false,
  ),
  /** Events for EventBridge; `false` = none. */
  events: v.optional(
    v.lazy((input) => (input === false ? v.literal(false) : section('false or an object', eventsEntries))),
    false,
  ),
  /** Origins whose pages may connect, such as https://app.example.com; absent = all. Programs outside of a browser send none. */
  allowedOrigins: v.optional(v.pipe(v.array(origin, originsExpected), v.minLength(1, originsExpected))),
});

/** Names of the settings, and of those inside a setting that is an object. */
export const settingNames: readonly string[] = Object.keys(settingsSchema.entries);
export const namesInside: Readonly<Record<string, readonly string[]>> = {
  edge: Object.keys(edgeEntries),
  token: Object.keys(oidcEntries),
  claims: Object.keys(claimEntries),
  monitoring: Object.keys(monitoringEntries),
  throttle: Object.keys(throttleEntries),
  publishQueue: Object.keys(publishQueueEntries),
  events: Object.keys(eventsEntries),
  messageRate: Object.keys(messageRateEntries),
  workRate: Object.keys(workRateEntries),
  tenantQuotas: Object.keys(tenantQuotaEntries),
};

function isPlainObject(input: unknown): input is object {
  return typeof input === 'object' && input !== null && !Array.isArray(input);
}
