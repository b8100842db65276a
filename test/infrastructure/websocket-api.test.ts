/** The WebSocket API, its routes, stage and access log. */
import { flattened, lambda, onlyResource, partsOf, resources, stageOf, templateOf } from './synthesized';

const template = templateOf();

test('the stage is named ws, deploys by itself and always has real throttle numbers', () => {
  expect(stageOf(template, 'WebSocket').Properties).toMatchObject({
    StageName: 'ws',
    AutoDeploy: true,
    DefaultRouteSettings: { ThrottlingRateLimit: 2_500, ThrottlingBurstLimit: 1_250 },
  });
});

test('handshakes have a limit of their own, which needs the routes to be there', () => {
  const stage = stageOf(template, 'WebSocket');
  expect(stage.Properties.RouteSettings).toEqual({
    $connect: { ThrottlingRateLimit: 500, ThrottlingBurstLimit: 500 },
  });
  expect(stage.DependsOn).toEqual(
    expect.arrayContaining(Object.keys(partsOf(template, 'WebSocket', 'Route'))),
  );
});

test('there are exactly three one-way routes, and only $connect is authorized', () => {
  const routes = Object.values(partsOf(template, 'WebSocket', 'Route')).map(
    ({ Properties }) => `${Properties.RouteKey} ${Properties.AuthorizationType}`,
  );
  expect(routes.sort()).toEqual(['$connect CUSTOM', '$default NONE', '$disconnect NONE']);
  template.resourceCountIs('AWS::ApiGatewayV2::RouteResponse', 0);
});

test('the route selection looks at nothing that a client sends', () => {
  const [api] = Object.values(partsOf(template, 'WebSocket', 'Api'));
  expect(api?.Properties.RouteSelectionExpression).toBe('\\$default');
});

test('the authorizer runs only when the query has a token', () => {
  expect(onlyResource(template, 'AWS::ApiGatewayV2::Authorizer').Properties).toMatchObject({
    AuthorizerType: 'REQUEST',
    IdentitySource: ['route.request.querystring.token'],
  });
});

test('every route has its own integration, half a second slower than its function', () => {
  const timeouts = Object.values(partsOf(template, 'WebSocket', 'Integration')).map(
    ({ Properties }) => Properties.TimeoutInMillis as number,
  );
  expect(timeouts.sort((a, b) => a - b)).toEqual([4_500, 5_500, 10_500]);
  for (const [name, seconds] of [
    ['connect', 4],
    ['default', 5],
    ['disconnect', 10],
  ] as const) {
    expect(lambda(template, name).Properties.Timeout).toBe(seconds);
  }
});

test('API Gateway may call each of the four functions, each for its own route', () => {
  const permissions = Object.values(resources(template, 'AWS::Lambda::Permission'))
    .filter(({ Properties }) => Properties.Principal === 'apigateway.amazonaws.com')
    .map(({ Properties }) => flattened(Properties.SourceArn))
    .filter((arn) => arn.includes('<WebSocketApi>'))
    .map((arn) => arn.replace(/^.*<WebSocketApi>/, ''));
  expect(permissions.sort()).toEqual([
    '/*$connect',
    '/*$default',
    '/*$disconnect',
    expect.stringMatching(/^\/authorizers\//),
  ]);
});

describe('access log', () => {
  const format = stageOf(template, 'WebSocket').Properties.AccessLogSettings.Format as string;

  test('is JSON with what an operator asks for', () => {
    const fields = JSON.parse(format) as Record<string, string>;
    expect(Object.values(fields)).toEqual(
      expect.arrayContaining([
        '$context.requestId',
        '$context.eventType',
        '$context.routeKey',
        '$context.connectionId',
        '$context.status',
        '$context.error.responseType',
        '$context.authorizer.status',
        '$context.integrationLatency',
        '$context.identity.sourceIp',
      ]),
    );
    expect(format.length).toBeLessThan(3_000);
  });

  test('holds nothing that could carry a token', () => {
    expect(format).not.toMatch(/query|path|token|header|authorizer\.(?!status|error|latency)/i);
  });

  test('waits for the role of the account, which outlives the stack', () => {
    const [accountId, account] = Object.entries(resources(template, 'AWS::ApiGateway::Account'))[0]!;
    expect(account.DeletionPolicy).toBe('RetainExceptOnCreate');
    expect(account.DependsOn).toEqual(
      expect.arrayContaining(Object.keys(partsOf(template, 'WebSocket', 'Api'))),
    );
    expect(stageOf(template, 'WebSocket').DependsOn).toContain(accountId);
  });

  test('takes a role that exists already, or is off', () => {
    const existing = templateOf({ accessLog: 'existing-role' });
    existing.resourceCountIs('AWS::ApiGateway::Account', 0);
    expect(stageOf(existing, 'WebSocket').Properties).toHaveProperty('AccessLogSettings');
    const off = templateOf({ accessLog: 'off' });
    off.resourceCountIs('AWS::ApiGateway::Account', 0);
    expect(stageOf(off, 'WebSocket').Properties).not.toHaveProperty('AccessLogSettings');
  });
});

test('the throttle is a setting', () => {
  const throttled = templateOf({ throttle: { ratePerSecond: 10, burst: 5 } });
  expect(stageOf(throttled, 'WebSocket').Properties.DefaultRouteSettings).toEqual({
    ThrottlingRateLimit: 10,
    ThrottlingBurstLimit: 5,
  });
});
