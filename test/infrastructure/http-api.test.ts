/** The HTTP API: one route to one function, CORS, its stage and its access log. */
import { flattened, lambda, partsOf, resources, stageOf, templateOf } from './synthesized';

const template = templateOf();
const [api] = Object.values(partsOf(template, 'Http', 'Api'));

test('every path below /v1 goes to one function, which verifies the token itself', () => {
  const routes = Object.values(partsOf(template, 'Http', 'Route')).map(
    ({ Properties }) => `${Properties.RouteKey} ${Properties.AuthorizationType}`,
  );
  expect(routes).toEqual(['ANY /v1/{proxy+} NONE']);
  const [integration] = Object.values(partsOf(template, 'Http', 'Integration'));
  expect(integration?.Properties).toMatchObject({ PayloadFormatVersion: '2.0', TimeoutInMillis: 5_500 });
  expect(lambda(template, 'http').Properties.Timeout).toBe(5);
});

test('API Gateway may call the function for that route only', () => {
  const arns = Object.values(resources(template, 'AWS::Lambda::Permission'))
    .map(({ Properties }) => flattened(Properties.SourceArn))
    .filter((arn) => arn.includes('<HttpApi>'));
  expect(arns).toEqual([expect.stringMatching(/<HttpApi>\/\*\/\*\/v1\/\{proxy\+\}$/)]);
});

test('the stage has no name in its path, and real throttle numbers', () => {
  expect(stageOf(template, 'Http').Properties).toMatchObject({
    StageName: '$default',
    AutoDeploy: true,
    DefaultRouteSettings: { ThrottlingRateLimit: 2_500, ThrottlingBurstLimit: 1_250 },
  });
});

test('pages of all origins may call, or those of the setting', () => {
  expect(api?.Properties.CorsConfiguration).toMatchObject({
    AllowOrigins: ['*'],
    AllowMethods: ['GET', 'POST', 'DELETE'],
    AllowHeaders: ['authorization', 'content-type'],
    ExposeHeaders: ['retry-after'],
  });
  const narrow = templateOf({ allowedOrigins: ['https://console.example'] });
  const [narrowApi] = Object.values(partsOf(narrow, 'Http', 'Api'));
  expect(narrowApi?.Properties.CorsConfiguration.AllowOrigins).toEqual(['https://console.example']);
});

test('the access log holds nothing that could carry a token, and can be off', () => {
  const { Format: format } = stageOf(template, 'Http').Properties.AccessLogSettings as { Format: string };
  expect(JSON.parse(format)).toMatchObject({ routeKey: '$context.routeKey', status: '$context.status' });
  expect(format).not.toMatch(/query|path|token|header|authorizer/i);
  const off = templateOf({ accessLog: 'off' });
  expect(stageOf(off, 'Http').Properties).not.toHaveProperty('AccessLogSettings');
});
