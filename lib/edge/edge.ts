/**
 * The edge: a CloudFront distribution that serves `/v1/ws…`, which it maps to the stage, and `/v1/…` of the HTTP API. It
 * exists because a stage supports neither paths nor a WAF.
 */
import path from 'node:path';
import { Duration } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
  type BehaviorOptions,
  type ErrorResponse,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';
import { edgeSecretHeader } from '../../lambda/contract';
import type { EdgeSettings } from '../settings/config';
import { RateLimit } from './rate-limit';

/**
 * Every status that CloudFront caches for ten seconds by default. A cached rejection would also reject the next
 * agent.
 */
const cachedErrors = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

export interface EdgeProps {
  readonly deployment: string;
  /** Host of the WebSocket API. */
  readonly origin: string;
  /** Host of the HTTP API. */
  readonly httpOrigin: string;
  readonly settings: EdgeSettings;
  /** What it shows the authorizer; absent = nothing. */
  readonly secret: string | undefined;
}

export class Edge extends Construct {
  /** Clients append `/ws`. */
  readonly baseUrl: string;
  /** Base URL of the HTTP API. */
  readonly httpUrl: string;
  /** Where a custom domain name must point to. */
  readonly distributionDomainName: string;

  constructor(scope: Construct, id: string, { deployment, origin, httpOrigin, settings, secret }: EdgeProps) {
    super(scope, id);
    const webAclId = this.webAclArn(settings);
    const webSocket: BehaviorOptions = {
      ...behaviorTo(origin, AllowedMethods.ALLOW_GET_HEAD, secret),
      functionAssociations: [{ eventType: FunctionEventType.VIEWER_REQUEST, function: this.pathFunction() }],
    };
    const distribution = new Distribution(this, 'Distribution', {
      comment: `ArtCafe PubSub ${deployment}`,
      defaultBehavior: webSocket,
      // The first pattern that fits counts. What is outside of /v1 goes to the Function, which rejects it.
      additionalBehaviors: {
        '/v1/ws*': webSocket,
        '/v1/*': behaviorTo(httpOrigin, AllowedMethods.ALLOW_ALL, secret),
      },
      errorResponses: cachedErrors.map((httpStatus): ErrorResponse => ({
        httpStatus,
        ttl: Duration.seconds(0),
      })),
      // The upgrade to a WebSocket exists in HTTP/1.1 only.
      httpVersion: HttpVersion.HTTP1_1,
      enableIpv6: true,
      ...this.customDomain(settings),
      ...(webAclId === undefined ? {} : { webAclId }),
    });
    const host = settings.domainName ?? distribution.distributionDomainName;
    this.baseUrl = `wss://${host}/v1`;
    this.httpUrl = `https://${host}/v1`;
    this.distributionDomainName = distribution.distributionDomainName;
    this.acknowledgeChoices(distribution, settings);
  }

  private pathFunction(): EdgeFunction {
    return new EdgeFunction(this, 'PathFunction', {
      comment: 'Maps /v1/ws and its path form onto the stage',
      code: FunctionCode.fromFile({ filePath: path.join(__dirname, 'edge-function.js') }),
      runtime: FunctionRuntime.JS_2_0,
    });
  }

  private customDomain({ domainName, certificateArn }: EdgeSettings) {
    if (domainName === undefined || certificateArn === undefined) return {};
    const certificate = Certificate.fromCertificateArn(this, 'Certificate', certificateArn);
    return {
      domainNames: [domainName],
      certificate,
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
    };
  }

  private webAclArn({ webAclArn, rateLimitPer5Minutes }: EdgeSettings): string | undefined {
    if (rateLimitPer5Minutes === undefined) return webAclArn;
    return new RateLimit(this, 'RateLimit', rateLimitPer5Minutes).webAclArn;
  }

  private acknowledgeChoices(distribution: Distribution, settings: EdgeSettings): void {
    acknowledge(
      distribution,
      'AwsSolutions-CFR1',
      'Agents connect from anywhere; who may is for the token to say.',
    );
    acknowledge(
      distribution,
      'AwsSolutions-CFR3',
      'Standard logs hold the query string, and with it the token.',
    );
    if (settings.webAclArn === undefined && settings.rateLimitPer5Minutes === undefined) {
      acknowledge(
        distribution,
        'AwsSolutions-CFR2',
        'A WAF costs money when idle; two settings turn one on.',
      );
    }
    if (settings.domainName === undefined) {
      acknowledge(
        distribution,
        'AwsSolutions-CFR4',
        'CloudFront fixes the TLS versions of its own domain name.',
      );
    }
  }
}

function behaviorTo(
  host: string,
  allowedMethods: AllowedMethods,
  secret: string | undefined,
): BehaviorOptions {
  return {
    origin: new HttpOrigin(host, {
      protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
      originSslProtocols: [OriginSslPolicy.TLS_V1_2],
      // Takes the place of a header of the same name that a viewer sends.
      ...(secret !== undefined && { customHeaders: { [edgeSecretHeader]: secret } }),
    }),
    viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
    allowedMethods,
    cachePolicy: CachePolicy.CACHING_DISABLED,
    // With the viewer's Host header, API Gateway answers 403.
    originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    compress: false,
  };
}
