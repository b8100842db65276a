/**
 * The HTTP API: one route to one function, which verifies the tokens itself. Created before the functions, as the
 * WebSocket API is; `route` connects them.
 */
import { Duration, Stack } from 'aws-cdk-lib';
import {
  CfnIntegration,
  CorsHttpMethod,
  HttpApi,
  HttpMethod,
  HttpStage,
  type IAccessLogSettings,
  PayloadFormatVersion,
} from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import { Construct } from 'constructs';
import { acknowledge } from './acknowledge';
import type { NodeFunction } from './functions/node-function';

export interface HttpEndpointProps {
  readonly apiName: string;
  readonly throttle: { readonly ratePerSecond: number; readonly burst: number };
  /** HTTP-11: origins whose pages may call the API; absent = all. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly accessLog?: IAccessLogSettings;
}

/** Pages ask again after that time whether they may call. */
const preflightAge = Duration.hours(1);

export class HttpEndpoint extends Construct {
  /** `{api}.execute-api.{region}.{suffix}`: origin of the edge. */
  readonly host: string;
  private readonly api: HttpApi;

  constructor(scope: Construct, id: string, props: HttpEndpointProps) {
    super(scope, id);
    const { region, urlSuffix } = Stack.of(this);
    this.api = new HttpApi(this, 'Api', {
      apiName: props.apiName,
      description: 'Requests over HTTP: publish, read, channels, agents and revocations',
      createDefaultStage: false,
      corsPreflight: {
        allowOrigins: [...(props.allowedOrigins ?? ['*'])],
        allowMethods: [CorsHttpMethod.GET, CorsHttpMethod.POST, CorsHttpMethod.DELETE],
        allowHeaders: ['authorization', 'content-type'],
        exposeHeaders: ['retry-after'],
        maxAge: preflightAge,
      },
    });
    this.host = `${this.api.apiId}.execute-api.${region}.${urlSuffix}`;
    const stage = new HttpStage(this, 'Stage', {
      httpApi: this.api,
      stageName: '$default',
      description: 'The only stage; it has no path of its own',
      autoDeploy: true,
      throttle: { rateLimit: props.throttle.ratePerSecond, burstLimit: props.throttle.burst },
      ...(props.accessLog === undefined ? {} : { accessLogSettings: props.accessLog }),
    });
    if (props.accessLog === undefined) {
      acknowledge(stage, 'AwsSolutions-APIG1', 'Turned off by the setting "accessLog": "off".');
    }
  }

  get baseUrl(): string {
    return `https://${this.host}/v1`;
  }

  route({ function: fn, timeoutSeconds }: NodeFunction): void {
    const [route] = this.api.addRoutes({
      path: '/v1/{proxy+}',
      methods: [HttpMethod.ANY],
      integration: new HttpLambdaIntegration('Integration', fn, {
        payloadFormatVersion: PayloadFormatVersion.VERSION_2_0,
        // Longer than the timeout of the function, so that the function's timeout appears in the logs.
        timeout: Duration.millis(timeoutSeconds * 1_000 + 500),
      }),
    });
    if (route === undefined) throw new Error('The HTTP API has no route.');
    for (const each of this.api.node.findAll()) {
      // The construct of an integration has no property for it.
      if (each instanceof CfnIntegration) each.description = 'Hands every request to the function';
    }
    acknowledge(
      route,
      'AwsSolutions-APIG4',
      'The function verifies the token: a JWT authorizer of an HTTP API takes RSA signatures only.',
    );
  }
}
