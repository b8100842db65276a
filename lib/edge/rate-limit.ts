/**
 * A web ACL with one rule: a limit on the handshakes of one address within five minutes. It can exist only in
 * us-east-1, which fixedRegion in config.ts checks.
 */
import { CfnWebACL } from 'aws-cdk-lib/aws-wafv2';
import { Construct } from 'constructs';

export class RateLimit extends Construct {
  readonly webAclArn: string;

  constructor(scope: Construct, id: string, limitPer5Minutes: number) {
    super(scope, id);
    const webAcl = new CfnWebACL(this, 'WebAcl', {
      description: 'Limits the handshakes of one address within five minutes',
      scope: 'CLOUDFRONT',
      defaultAction: { allow: {} },
      visibilityConfig: visibility('Handshakes'),
      rules: [
        {
          name: 'RatePerAddress',
          priority: 0,
          statement: {
            rateBasedStatement: {
              aggregateKeyType: 'IP',
              evaluationWindowSec: 300,
              limit: limitPer5Minutes,
            },
          },
          action: { block: { customResponse: { responseCode: 429 } } },
          visibilityConfig: visibility('RatePerAddress'),
        },
      ],
    });
    this.webAclArn = webAcl.attrArn;
  }
}

/** Samples would show the query string, and so the token, to every user of the console. */
function visibility(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { metricName, cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false };
}
