/**
 * Templates for the tests of the stack: the real constructs, without bundling and without a toolkit around them.
 * Not a test itself.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import cdkJson from '../../cdk.json';
import { parseSettings } from '../../lib/settings/config';
import type { FunctionName } from '../../lib/functions/function-row';
import { PubSubStack } from '../../lib/pubsub-stack';

// Schema checks of every template would take two seconds each; `npm run synth` has them.
process.env.CDK_VALIDATION = 'false';

const assemblies = mkdtempSync(path.join(tmpdir(), 'artcafe-test-'));
afterAll(() => {
  rmSync(assemblies, { recursive: true, force: true });
});

/** The context of cdk.json, as the toolkit hands it over; nothing is bundled. */
export function createApp(): App {
  const { context = {} } = cdkJson as { context?: Record<string, unknown> };
  return new App({
    analyticsReporting: false,
    outdir: mkdtempSync(path.join(assemblies, 'cdk.out-')),
    context: { ...context, 'aws:cdk:bundling-stacks': [] },
  });
}

export function templateOf(settings: Record<string, unknown> = {}): Template {
  return Template.fromStack(new PubSubStack(createApp(), 'TestStack', { settings: parseSettings(settings) }));
}

/** As the toolkit's assertions type a resource: a template has no schema here. */
export type Properties = ReturnType<Template['findResources']>[string];
export interface Resource {
  readonly Type: string;
  readonly Properties: Properties;
  readonly DeletionPolicy?: string;
  readonly DependsOn?: string | string[];
}

export function resources(template: Template, type: string): Record<string, Resource> {
  return template.findResources(type) as Record<string, Resource>;
}

export function onlyResource(template: Template, type: string): Resource {
  const found = Object.values(resources(template, type));
  expect(found).toHaveLength(1);
  return found[0]!;
}

/** The resources of one API: stages, routes and so on, or the API itself. Their logical ids begin with its construct's. */
export function partsOf(
  template: Template,
  api: 'WebSocket' | 'Http',
  type: string,
): Record<string, Resource> {
  const found = Object.entries(resources(template, `AWS::ApiGatewayV2::${type}`));
  return Object.fromEntries(found.filter(([logicalId]) => logicalId.startsWith(api)));
}

export function stageOf(template: Template, api: 'WebSocket' | 'Http'): Resource {
  const stages = Object.values(partsOf(template, api, 'Stage'));
  expect(stages).toHaveLength(1);
  return stages[0]!;
}

export function lambda(template: Template, name: FunctionName): Resource {
  const id = `Functions${name.charAt(0).toUpperCase()}${name.slice(1)}Function`;
  const functions = Object.entries(resources(template, 'AWS::Lambda::Function'));
  return functions.find(([logicalId]) => logicalId.startsWith(id))![1];
}

export function variablesOf(template: Template, name: FunctionName): Properties {
  return (lambda(template, name).Properties.Environment?.Variables ?? {}) as Properties;
}

export interface Statement {
  readonly Effect: string;
  readonly Action: string | string[];
  readonly Resource: unknown;
}

/** What the role of a function may do, its log aside, as `action on <LogicalId>…`. */
export function grantsOf(template: Template, name: FunctionName): string[] {
  const role = lambda(template, name).Properties.Role['Fn::GetAtt'][0] as string;
  return Object.values(resources(template, 'AWS::IAM::Policy'))
    .filter(({ Properties }) => (Properties.Roles as { Ref: string }[]).some(({ Ref }) => Ref === role))
    .flatMap(({ Properties }) => Properties.PolicyDocument.Statement as Statement[])
    .flatMap(({ Action, Resource }) =>
      [Action].flat().flatMap((action) => [Resource].flat().map((one) => `${action} on ${flattened(one)}`)),
    )
    .filter((grant) => !grant.startsWith('logs:'))
    .sort();
}

/** A reference is written as the logical id without its hash. */
export function flattened(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Join': join } = value as Properties;
  if (join) return (join[1] as unknown[]).map(flattened).join(join[0] as string);
  return `<${String(Ref ?? attribute[0]).replace(/[0-9A-F]{8}$/, '')}>`;
}
