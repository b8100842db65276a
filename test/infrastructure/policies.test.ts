/**
 * Every permission in the template, whatever resource carries it and whatever the settings: no wildcard action, no resource of more than this
 * deployment, nobody invited but who must be. That no grant is unused is shown by used-grants.test.ts.
 */
import type { Template } from 'aws-cdk-lib/assertions';
import { flattened, type Properties, type Resource, resources, templateOf } from './synthesized';

const certificateArn = 'arn:aws:acm:us-east-1:111122223333:certificate/1';
const webAclArn = 'arn:aws:wafv2:us-east-1:111122223333:global/webacl/mine/1';

interface Statement {
  readonly where: string;
  readonly Effect: string;
  readonly Action?: string | string[];
  readonly Resource?: unknown;
  readonly Principal?: unknown;
  readonly Condition?: unknown;
}

/** Policy documents anywhere in the template, found by their shape, so that a new kind of resource is seen too. */
function statementsOf(template: Template): Statement[] {
  const found: Statement[] = [];
  const visit = (value: unknown, where: string): void => {
    if (typeof value !== 'object' || value === null) return;
    const { Statement: statements } = value as { Statement?: unknown };
    if (Array.isArray(statements)) {
      found.push(...statements.map((statement) => ({ ...(statement as Statement), where })));
    }
    for (const [name, inner] of Object.entries(value)) visit(inner, `${where}.${name}`);
  };
  const { Resources } = template.toJSON() as { Resources: Record<string, Resource> };
  for (const [id, { Type, Properties }] of Object.entries(Resources)) visit(Properties, `${Type} ${id}`);
  return found;
}

const list = (value: unknown): unknown[] => (value === undefined ? [] : [value].flat());

/** The only resources that may hold a wildcard: connection ids are made at run time; stage and method are fixed. */
const anyConnection =
  /^arn:<AWS::Partition>:execute-api:<AWS::Region>:<AWS::AccountId>:<WebSocketApi>\/ws\/(GET|POST|DELETE)\/@connections\/\*$/;
/** A resource of this stack, by its id or by an ARN that names it. */
const ownResource = /<(?!AWS::)\w+>/;

const auditedLog = /^<Functions(Authorizer|Connect|Default|Http|Revoke)FunctionLog>$/;

describe.each<[string, Record<string, unknown>]>([
  ['the defaults', {}],
  [
    'everything off',
    { edge: false, accessLog: 'off', retentionHours: 0, messageRate: { agentPerSecond: 0 } },
  ],
  [
    'everything on',
    { protection: true, edge: { rateLimitPer5Minutes: 100, domainName: 'bus.example.com', certificateArn } },
  ],
  ['what others own', { edge: { webAclArn }, accessLog: 'existing-role' }],
  ['an OIDC issuer', { token: { issuer: 'https://login.example.com', audience: 'bus' } }],
])('with %s', (_case, settings) => {
  const template = templateOf(settings);
  const statements = statementsOf(template);
  const isKeyPolicy = ({ where }: Statement): boolean => where.startsWith('AWS::KMS::Key ');
  /** A queue refuses whatever does not come over TLS, by a statement that denies. */
  const isAllowed = ({ Effect }: Statement): boolean => Effect === 'Allow';
  const isTrust = ({ where }: Statement): boolean => where.endsWith('.AssumeRolePolicyDocument');

  test('there are statements to look at, and none says what it does not mean', () => {
    expect(statements.length).toBeGreaterThanOrEqual(12);
    for (const statement of statements) {
      expect(Object.keys(statement)).not.toEqual(
        expect.arrayContaining([expect.stringMatching(/^Not(Action|Resource|Principal)$/)]),
      );
      expect(list(statement.Action).length).toBeGreaterThan(0);
    }
  });

  test('no action that is allowed has a wildcard', () => {
    for (const { where, Action } of statements.filter((each) => isAllowed(each) && !isKeyPolicy(each))) {
      for (const action of list(Action))
        expect([where, action]).toEqual([where, expect.stringMatching(/^[\w-]+:\w+$/)]);
    }
  });

  test('each resource is one of this deployment, and whole tables and keys are the widest', () => {
    const permissions = statements.filter((each) => !isKeyPolicy(each) && !isTrust(each));
    expect(permissions.length).toBeGreaterThan(5);
    for (const { where, Resource } of permissions) {
      expect(list(Resource).length).toBeGreaterThan(0);
      for (const resource of list(Resource).map(flattened)) {
        expect([where, resource]).toEqual([where, expect.stringMatching(ownResource)]);
        if (resource.includes('*'))
          expect([where, resource]).toEqual([where, expect.stringMatching(anyConnection)]);
      }
    }
  });

  test('the key is the account’s: its policy invites nobody else', () => {
    for (const { Principal, Resource, Condition, Effect } of statements.filter(isKeyPolicy)) {
      expect(Effect).toBe('Allow');
      expect(Resource).toBe('*');
      expect(Condition).toBeUndefined();
      expect(flattened((Principal as { AWS: unknown }).AWS)).toBe(
        'arn:<AWS::Partition>:iam::<AWS::AccountId>:root',
      );
    }
  });

  test('roles are for the two services that need them', () => {
    for (const { Principal, Action } of statements.filter(isTrust)) {
      expect(Action).toBe('sts:AssumeRole');
      expect(['lambda.amazonaws.com', 'apigateway.amazonaws.com']).toContain(
        (Principal as { Service: string }).Service,
      );
    }
  });

  test('functions are called by these APIs, their own schedule and their own logs only, and nobody gets in by a URL', () => {
    const permissions = Object.values(resources(template, 'AWS::Lambda::Permission')).map(
      ({ Properties }) => Properties,
    );
    expect(permissions.length).toBeGreaterThanOrEqual(4);
    const sources: Record<string, unknown> = {
      'apigateway.amazonaws.com': expect.stringMatching(/:<(?:WebSocket|Http)Api>\//),
      'events.amazonaws.com': '<FunctionsSweepFunctionSchedule>',
    };
    for (const { Action, Principal, SourceArn } of permissions) {
      expect(Action).toBe('lambda:InvokeFunction');
      // Each log with lines for the audit log.
      if (Principal === 'logs.amazonaws.com') expect(flattened(SourceArn)).toMatch(auditedLog);
      else expect([Principal, flattened(SourceArn)]).toEqual([Principal, sources[Principal as string]]);
    }
    expect(resources(template, 'AWS::Lambda::Url')).toEqual({});
  });

  test('the only managed policy is the one that API Gateway asks for', () => {
    const managed = Object.values(resources(template, 'AWS::IAM::Role')).flatMap(
      ({ Properties }) => (Properties.ManagedPolicyArns ?? []) as Properties[],
    );
    const isLogging = settings.accessLog === undefined;
    expect(managed.map(flattened)).toEqual(
      isLogging
        ? ['arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs']
        : [],
    );
  });
});
