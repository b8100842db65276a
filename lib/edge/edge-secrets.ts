/**
 * What the distribution shows the authorizer, so that handshakes past the edge are refused. AWS makes the values; neither the
 * settings nor the template hold them.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { acknowledge } from '../acknowledge';

export class EdgeSecrets extends Construct {
  readonly current: string;
  /** Accepted while a rotation reaches the locations of CloudFront. */
  readonly previous: string | undefined;

  /** `number`: which secret of the deployment is the current one, from 1. */
  constructor(scope: Construct, id: string, number: number) {
    super(scope, id);
    this.current = this.create(number);
    this.previous = number === 1 ? undefined : this.create(number - 1);
  }

  /** Each keeps its name in the stack, so that a rotation replaces none. */
  private create(number: number): string {
    const secret = new Secret(this, `Secret${String(number)}`, {
      description: 'The edge shows it to the authorizer',
      generateSecretString: { passwordLength: 48, excludePunctuation: true },
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(
      secret,
      'AwsSolutions-SMG4',
      'CloudFront reads no secrets: a deployment with the next number rotates it, without a refused handshake.',
    );
    // A reference that CloudFormation resolves. CloudFront and the function need the value itself.
    return secret.secretValue.unsafeUnwrap();
  }
}
