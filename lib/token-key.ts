/**
 * The built-in source of tokens: a signing key whose private key never leaves KMS. Operators sign agent tokens with
 * it; the authorizer only reads the public key.
 */
import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { AnyPrincipal, Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Key, KeySpec, KeyUsage } from 'aws-cdk-lib/aws-kms';
import { Construct } from 'constructs';

export interface TokenKeyProps {
  readonly deployment: string;
  /** Which key of the deployment it is, from 1. */
  readonly number: number;
  /** The only role that may sign; absent = whom the account's policies allow. */
  readonly signerRoleArn: string | undefined;
  readonly retain: boolean;
}

export class TokenKey extends Construct {
  readonly arn: string;

  constructor(scope: Construct, id: string, { deployment, number, signerRoleArn, retain }: TokenKeyProps) {
    super(scope, id);
    const key = new Key(this, 'Key', {
      description: `Signs the agent tokens of ${deployment} (ES256)`,
      alias: `artcafe-pubsub/${deployment}/token${number === 1 ? '' : `-${String(number)}`}`,
      keySpec: KeySpec.ECC_NIST_P256,
      keyUsage: KeyUsage.SIGN_VERIFY,
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
      // The minimum of KMS. A new deployment creates a new key, so agents need new tokens in any case.
      ...(retain ? {} : { pendingWindow: Duration.days(7) }),
    });
    if (signerRoleArn !== undefined) key.addToResourcePolicy(onlySigner(signerRoleArn));
    this.arn = key.keyArn;
  }
}

/** The current key and the one before it, in this order. Each keeps its name in the stack, so that a rotation replaces none. */
export function createTokenKeys(scope: Construct, props: TokenKeyProps): TokenKey[] {
  const { number } = props;
  const numbers = number === 1 ? [1] : [number, number - 1];
  return numbers.map(
    (each) =>
      new TokenKey(scope, each === 1 ? 'TokenKey' : `TokenKey${String(each)}`, { ...props, number: each }),
  );
}

/** A denial wins over everything that the account's own policies allow, administrators included. */
function onlySigner(roleArn: string): PolicyStatement {
  return new PolicyStatement({
    sid: 'OnlyTheSignerSigns',
    effect: Effect.DENY,
    principals: [new AnyPrincipal()],
    actions: ['kms:Sign'],
    resources: ['*'],
    conditions: { ArnNotEquals: { 'aws:PrincipalArn': roleArn } },
  });
}
