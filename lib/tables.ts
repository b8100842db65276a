/**
 * The three tables: keys, expiry and removal policy. Names are generated, so that deployments do not collide and a
 * table can be replaced.
 */
import { RemovalPolicy } from 'aws-cdk-lib';
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb';
import { Construct } from 'constructs';
import { agentTable, connectionTable, messageTable } from '../lambda/contract';
import { acknowledge } from './acknowledge';

export interface TablesProps {
  /** Keep the tables when the deployment is removed. */
  readonly retain: boolean;
  /** Point-in-time recovery, deletion protection, and a key of the account instead of the key of DynamoDB. */
  readonly protection: boolean;
}

interface Keys {
  readonly partitionKey: string;
  readonly sortKey: string;
  readonly ttl: string;
}

export class Tables extends Construct {
  readonly connections: Table;
  readonly agents: Table;
  readonly messages: Table;

  constructor(scope: Construct, id: string, props: TablesProps) {
    super(scope, id);
    this.connections = this.table('ConnectionTable', connectionTable, AttributeType.STRING, props);
    this.agents = this.table('AgentTable', agentTable, AttributeType.STRING, props);
    this.messages = this.table('MessageTable', messageTable, AttributeType.NUMBER, props);
  }

  private table(
    id: string,
    keys: Keys,
    sortKeyType: AttributeType,
    { retain, protection }: TablesProps,
  ): Table {
    const table = new Table(this, id, {
      partitionKey: { name: keys.partitionKey, type: AttributeType.STRING },
      sortKey: { name: keys.sortKey, type: sortKeyType },
      timeToLiveAttribute: keys.ttl,
      billingMode: BillingMode.PAY_PER_REQUEST,
      removalPolicy: retain ? RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE : RemovalPolicy.DESTROY,
      deletionProtection: protection,
      ...(protection && { encryption: TableEncryption.AWS_MANAGED }),
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: protection },
    });
    if (!protection) {
      acknowledge(
        table,
        'AwsSolutions-DDB3',
        'Rows live for hours by design; "protection": true adds recovery.',
      );
    }
    return table;
  }
}
