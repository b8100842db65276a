/** Writes docs/template.md: each resource of the template, its type and what it is for. */
import { App, CfnResource, Stack } from 'aws-cdk-lib';
import { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { ArtCafePubSub } from '../pubsub';
import { everySetting } from './every-setting';
import { explanations } from './explanations';

const head = `# The template, resource by resource

For reviewers of \`cdk synth\`. \`npm run generate\` writes this page from the constructs, and a test compares it. The names are paths inside the construct
\`ArtCafePubSub\`; a logical id is the path without slashes and a hash. Each resource that may have tags has the tag \`artcafe-pubsub\` with the name of the
deployment. Tables, key, logs and queue follow the setting \`removalPolicy\`.
`;

interface Row {
  readonly group: string;
  readonly name: string;
  readonly type: string;
  readonly purpose: string;
}

/** @throws Error that names the resources without an explanation */
export function templatePage(): string {
  const rows = resourcesOfBus().map(rowOf);
  const unexplained = rows
    .filter(({ purpose }) => purpose === '')
    .map(({ group, name }) => `${group}/${name}`);
  if (unexplained.length > 0)
    throw new Error(`lib/template-page/explanations.ts says nothing of ${unexplained.join(', ')}`);
  const groups = [...new Set(rows.map(({ group }) => group))];
  const sections = groups.map((group) => {
    const lines = rows
      .filter((row) => row.group === group)
      .map(({ name, type, purpose }) => `| \`${name}\` | \`${type}\` | ${purpose} |`);
    return `## ${group}\n\n| resource | type | purpose |\n|---|---|---|\n${lines.join('\n')}\n`;
  });
  return `${head}\n${sections.join('\n')}`;
}

/** With every setting that adds resources. */
function resourcesOfBus(): CfnResource[] {
  // Nothing is synthesized, so nothing needs to be bundled.
  const app = new App({ analyticsReporting: false, context: { 'aws:cdk:bundling-stacks': [] } });
  const bus = new ArtCafePubSub(new Stack(app, 'ArtCafePubSub'), 'Default', everySetting);
  return bus.node
    .findAll()
    .filter((each) => CfnResource.isCfnResource(each))
    .filter(isWritten);
}

/** The CDK leaves an empty policy out. */
function isWritten(resource: CfnResource): boolean {
  return (resource as unknown as { shouldSynthesize(): boolean }).shouldSynthesize();
}

function rowOf(resource: CfnResource): Row {
  const path = resource.node.path.split('/').slice(2).join('/');
  const [group = '', ...rest] = path.split('/');
  const purpose =
    resource instanceof CfnFunction
      ? `${resource.description ?? ''}.`
      : (explanations.find(([pattern]) => pattern.test(path))?.[1] ?? '');
  return { group, name: rest.join('/'), type: resource.cfnResourceType, purpose };
}
