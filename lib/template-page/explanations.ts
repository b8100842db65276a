/**
 * What each resource is for, by the end of its path in the construct. The first pattern that matches counts. A resource without
 * an explanation fails `npm run generate` and a test.
 */
export const explanations: readonly (readonly [RegExp, string])[] = [
  [
    /^Tables\/ConnectionTable\//,
    'Open connections and their subscriptions, rates, revocations and the directory of channels. Replacing it drops every connection.',
  ],
  [/^Tables\/AgentTable\//, 'One item per agent: its connections, presence and inbox mark.'],
  [/^Tables\/MessageTable\//, 'The logs of channels and inboxes. Replacing it loses all messages.'],
  [
    /^TokenKey\d*\/Key\/Resource$/,
    'Signs tokens (ES256); the one before the last rotation still checks them. The private key never leaves KMS. Absent with an OIDC issuer.',
  ],
  [
    /^TokenKey\d*\/Key\/Alias\//,
    'The name of the key for people: `artcafe-pubsub/{deployment}/token`, from the second key on with its number.',
  ],
  [/^AccessLog\/Log\//, 'The access log of both APIs, without tokens. Absent with `"accessLog": "off"`.'],
  [
    /^AccessLog\/AccountRole\//,
    'API Gateway writes access logs with it. It serves all APIs of the account and Region, so it stays when the stack goes.',
  ],
  [
    /^AccessLog\/Account$/,
    'Names that role to API Gateway; one per account and Region. It stays when the stack goes.',
  ],
  [/^WebSocket\/Api\/Resource$/, 'The API that agents connect to.'],
  [
    /^WebSocket\/Api\/Authorizer\/Resource$/,
    'Checks the token of a handshake; a handshake without one is refused without a function.',
  ],
  [/^WebSocket\/Api\/[^/]+\/[^/]*Integration\/Resource$/, 'Hands the events of the route to its function.'],
  [
    /^WebSocket\/Api\/[^/]+\/[^/]*Permission$/,
    'Lets this route of this API, and nothing else, invoke the function.',
  ],
  [
    /^WebSocket\/Api\/[^/]*Authorizer[^/]*-Permission$/,
    'Lets this authorizer, and nothing else, invoke its function.',
  ],
  [
    /^WebSocket\/Api\/[^/]+\/Resource$/,
    'The route: `$connect` (handshake), `$default` (every frame) or `$disconnect`.',
  ],
  [
    /^WebSocket\/Stage\//,
    'The stage `ws`: its throttles and its access log. Deployed by itself after a change of the routes.',
  ],
  [/^Http\/Api\/Resource$/, 'The HTTP API, and the origins whose pages may call it.'],
  [/^Http\/Api\/[^/]+\/[^/]*Integration\/Resource$/, 'Hands every request to the function `http`.'],
  [
    /^Http\/Api\/[^/]+\/[^/]*Permission$/,
    'Lets this route of this API, and nothing else, invoke the function.',
  ],
  [/^Http\/Api\/[^/]+\/Resource$/, 'The one route: every path below `/v1`. The function verifies the token.'],
  [/^Http\/Stage\//, 'The stage of the HTTP API: its throttles and its access log.'],
  [
    /^FailureQueue\/Resource\/Resource$/,
    'Events that an asynchronous function failed to handle, without content, and messages of the publish queue that were not accepted; for as long as the log. An erasure removes what is about an agent or a tenant. See the runbook.',
  ],
  [/^FailureQueue\/Resource\/Policy\//, 'Refuses requests without TLS.'],
  [/^Functions\/[^/]+\/Log\//, 'The log of the function, for `logRetentionDays`.'],
  [/^Functions\/[^/]+\/Role\/Resource$/, 'The role of the function.'],
  [
    /^Functions\/[^/]+\/Role\/DefaultPolicy\//,
    'Its permissions: its own log, and the single calls that its code makes, by resource.',
  ],
  [
    /^Functions\/[^/]+\/SelfPolicy\//,
    'It may invoke itself, to continue work that takes longer than one run.',
  ],
  [
    /^Functions\/[^/]+\/Resource\/EventInvokeConfig\//,
    'Asynchronous events: no retry, since a retry would deliver twice; failures go to the queue, unless they have content.',
  ],
  [/^Functions\/[^/]+\/Schedule\/Resource$/, 'Runs the function on its schedule.'],
  [/^Functions\/[^/]+\/Schedule\/AllowEventRule/, 'Lets this rule, and nothing else, invoke the function.'],
  [
    /^Monitoring\/[^/]+Alarm\//,
    'An alarm, whose description names what to do. Absent with `"monitoring": false`, as are the dashboard and the metrics.',
  ],
  [/^Monitoring\/Dashboard\//, 'Healthy? Slow? Who is loud? What does it cost?'],
  [
    /^Monitoring\/[^/]+\/Resource$/,
    'Makes data of a metric from lines of one log. Without a line there is none.',
  ],
  [
    /^EdgeSecrets\/Secret\d+\/Resource$/,
    'The header by which the functions know the edge, now and before the last rotation. Only with the setting `edge.exclusive`.',
  ],
  [
    /^AuditLog\//,
    'Copies the lines that the function marks for the audit log. The audit log is the log of the function `audit`.',
  ],
  [/^Functions\/AuditFunction\/.*Permission/, 'Lets this log group, and nothing else, invoke the function.'],
  [
    /^PublishQueue\/Resource\/Resource$/,
    'Messages that are publishes. Only with the setting `publishQueue`.',
  ],
  [/^PublishQueue\/Resource\/Policy\//, 'Refuses requests without TLS.'],
  [
    /^Functions\/[^/]+\/Resource\/SqsEventSource/,
    'Hands batches of the queue to the function; only the messages that failed come back.',
  ],
  [/^Edge\/PathFunction\//, 'Maps `/v1/ws…` onto the stage. Absent with `"edge": false`.'],
  [
    /^Edge\/Distribution\/Resource$/,
    'The edge. It caches nothing and keeps no log of queries, because they contain tokens. Absent with `"edge": false`.',
  ],
  [
    /^Edge\/RateLimit\/WebAcl$/,
    'Limits the handshakes of one address. Only with the setting `edge.rateLimitPer5Minutes`.',
  ],
];
