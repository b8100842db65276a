/**
 * Starts a container for an agent that sleeps and has mail. Connected, the agent gets its inbox; when there is nothing to do any
 * more, it ends.
 */
import { Stack, type StackProps } from 'aws-cdk-lib';
import { SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Cluster, ContainerImage, FargateTaskDefinition, LogDrivers } from 'aws-cdk-lib/aws-ecs';
import { EventField, Rule } from 'aws-cdk-lib/aws-events';
import { EcsTask } from 'aws-cdk-lib/aws-events-targets';
import type { Construct } from 'constructs';

export interface WakeContainerProps extends StackProps {
  /** The setting `deployment` of the bus. */
  readonly deployment: string;
  readonly image: string;
}

export class WakeContainer extends Stack {
  constructor(scope: Construct, id: string, { deployment, image, ...props }: WakeContainerProps) {
    super(scope, id, props);
    const cluster = new Cluster(this, 'Cluster', {
      vpc: new Vpc(this, 'Vpc', { maxAzs: 2, natGateways: 0 }),
    });
    const taskDefinition = new FargateTaskDefinition(this, 'Task', { cpu: 256, memoryLimitMiB: 512 });
    const { containerName } = taskDefinition.addContainer('agent', {
      image: ContainerImage.fromRegistry(image),
      logging: LogDrivers.awsLogs({ streamPrefix: 'agent' }),
    });
    const environment = [
      { name: 'TENANT_ID', value: EventField.fromPath('$.detail.tenant_id') },
      { name: 'AGENT_ID', value: EventField.fromPath('$.detail.agent_id') },
    ];
    new Rule(this, 'Mail', {
      eventPattern: { source: [`artcafe-pubsub.${deployment}`], detailType: ['message.stored'] },
      targets: [
        new EcsTask({
          cluster,
          taskDefinition,
          containerOverrides: [{ containerName, environment }],
          subnetSelection: { subnetType: SubnetType.PUBLIC },
          assignPublicIp: true,
        }),
      ],
    });
  }
}
