/**
 * The built-in source of tokens: a signing key whose private key never leaves KMS. Operators sign agent tokens with
 * it; the authorizer only reads the public key.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface TokenKeyProps {
  readonly deployment: string;
  readonly retain: boolean;
}

export class TokenKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { deployment, retain }: TokenKeyProps) {
    super(scope, id);
    const key = new Key(this, 'Key', {
      description: `Signs the agent tokens of ${deployment} (ES256)`,
      alias: `artcafe-pubsub/${deployment}/token`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
      // The minimum of KMS. A new deployment creates a new key, so agents need new tokens in any case.
      ...(retain ? {} : { pendingWindow: Duration.days(7) }),
    });
    this.arn = key.keyArn;
  }
}
