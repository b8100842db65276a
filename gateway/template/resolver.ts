/**
 * Evaluates CloudFormation's intrinsic functions. Values are resolved on demand, so that references in ignored
 * resources cannot fail.
 */
import { GatewayError } from '../gateway-error';
import { derivedId } from '../ids';
import { isList, isObject, type JsonObject, listOr, objectOr } from '../json';
import { accountId, partition, region, urlSuffix } from '../platform';

/** The place of a value in the template, for error messages. */
export interface Location {
  logicalId: string;
  property: string;
}

export interface Resource {
  logicalId: string;
  type: string;
  properties: JsonObject;
  metadata: JsonObject;
}

/** Value of `Ref` (no attribute) or `Fn::GetAtt` on a resource; `undefined` when the gateway does not support it. */
export type ReadAttribute = (
  resource: Resource,
  attribute: string | undefined,
  resolver: Resolver,
) => string | undefined;

export class Resolver {
  /** Those whose condition holds, by logical id. */
  readonly resources = new Map<string, Resource>();

  constructor(
    private readonly template: JsonObject,
    readonly stackName: string,
    private readonly readAttribute: ReadAttribute,
  ) {
    for (const [logicalId, entry] of Object.entries(objectOr(template.Resources))) {
      const { Type, Properties, Metadata, Condition } = objectOr(entry);
      if (typeof Type !== 'string') continue;
      if (typeof Condition === 'string' && !this.holds(Condition, { logicalId, property: 'Condition' }))
        continue;
      const resource = {
        logicalId,
        type: Type,
        properties: objectOr(Properties),
        metadata: objectOr(Metadata),
      };
      this.resources.set(logicalId, resource);
    }
  }

  ofType(...types: string[]): Resource[] {
    return [...this.resources.values()].filter((resource) => types.includes(resource.type));
  }

  /** The value with every intrinsic function evaluated; `AWS::NoValue` disappears. */
  resolve(value: unknown, location: Location): unknown {
    if (isList(value))
      return value.map((each) => this.resolve(each, location)).filter((each) => each !== undefined);
    if (!isObject(value)) return value;
    const [key, ...others] = Object.keys(value);
    if (key !== undefined && others.length === 0 && (key === 'Ref' || key.startsWith('Fn::'))) {
      return this.intrinsic(key, value[key], location);
    }
    const entries = Object.entries(value).map(([name, each]): [string, unknown] => [
      name,
      this.resolve(each, location),
    ]);
    return Object.fromEntries(entries.filter(([, each]) => each !== undefined));
  }

  /** Like `resolve`, for values that must be text. */
  text(value: unknown, location: Location): string {
    const resolved = this.resolve(value, location);
    if (typeof resolved === 'string') return resolved;
    if (typeof resolved === 'number' || typeof resolved === 'boolean') return String(resolved);
    throw this.errorAt(location, 'is not text');
  }

  errorAt(location: Location, problem: string): GatewayError {
    return new GatewayError(
      `${location.logicalId}.${location.property} ${problem}.`,
      'The laptop gateway runs one WebSocket API and one HTTP API with their functions, tables, keys and edge; see its documentation.',
    );
  }

  private intrinsic(name: string, argument: unknown, location: Location): unknown {
    const list = listOr(argument);
    switch (name) {
      case 'Ref':
        return this.reference(String(argument), undefined, location);
      case 'Fn::GetAtt': {
        const [id, ...path] = isList(argument) ? argument.map(String) : String(argument).split('.');
        return this.reference(id ?? '', path.join('.'), location);
      }
      case 'Fn::Join':
        return withSecrets(
          listOr(this.resolve(list[1], location)).map(String).join(this.text(list[0], location)),
        );
      case 'Fn::Split':
        return this.text(list[1], location).split(this.text(list[0], location));
      case 'Fn::Select':
        return listOr(this.resolve(list[1], location))[Number(this.text(list[0], location))];
      case 'Fn::Sub':
        return this.substitute(argument, location);
      case 'Fn::If':
        return this.resolve(this.holds(String(list[0]), location) ? list[1] : list[2], location);
      case 'Fn::FindInMap': {
        const [map, first, second] = list.map((each) => this.text(each, location));
        const row = objectOr(objectOr(objectOr(this.template.Mappings)[map ?? ''])[first ?? '']);
        return row[second ?? ''];
      }
      case 'Fn::Base64':
        return Buffer.from(this.text(argument, location)).toString('base64');
      default:
        throw this.errorAt(location, `uses ${name}, which the gateway cannot evaluate`);
    }
  }

  private substitute(argument: unknown, location: Location): string {
    const [text, given] = isList(argument) ? argument : [argument];
    const variables = objectOr(given);
    return String(text).replace(/\$\{(!?)([^}]+)\}/g, (whole, literal: string, variable: string) => {
      if (literal) return whole.replace('!', '');
      const name = variable.trim();
      if (name in variables) return this.text(variables[name], location);
      const [id, ...path] = name.split('.');
      return String(this.reference(id ?? '', path.length > 0 ? path.join('.') : undefined, location));
    });
  }

  private reference(id: string, attribute: string | undefined, location: Location): unknown {
    const pseudo = this.pseudoParameter(id);
    if (pseudo !== undefined) return pseudo.value;
    const parameter = objectOr(this.template.Parameters)[id];
    if (isObject(parameter) && attribute === undefined) return parameter.Default;
    const resource = this.resources.get(id);
    const value = resource && this.readAttribute(resource, attribute, this);
    if (value !== undefined) return value;
    const wanted = attribute === undefined ? id : `${id}.${attribute}`;
    throw this.errorAt(location, `refers to ${wanted}, which the gateway cannot resolve`);
  }

  private pseudoParameter(name: string): { value: string | undefined } | undefined {
    switch (name) {
      case 'AWS::Region':
        return { value: region };
      case 'AWS::AccountId':
        return { value: accountId };
      case 'AWS::Partition':
        return { value: partition };
      case 'AWS::URLSuffix':
        return { value: urlSuffix };
      case 'AWS::StackName':
        return { value: this.stackName };
      case 'AWS::StackId':
        return {
          value: `arn:${partition}:cloudformation:${region}:${accountId}:stack/${this.stackName}/local`,
        };
      case 'AWS::NoValue':
        return { value: undefined };
      default:
        return undefined;
    }
  }

  private holds(name: string, location: Location): boolean {
    const condition = objectOr(this.template.Conditions)[name];
    if (condition === undefined)
      throw this.errorAt(location, `needs the condition ${name}, which does not exist`);
    return this.truth(condition, location);
  }

  private truth(condition: unknown, location: Location): boolean {
    const [entry] = Object.entries(objectOr(condition));
    const [name, argument] = entry ?? ['', undefined];
    const list = listOr(argument);
    switch (name) {
      case 'Condition':
        return this.holds(String(argument), location);
      case 'Fn::Equals':
        return this.text(list[0], location) === this.text(list[1], location);
      case 'Fn::Not':
        return !this.truth(list[0], location);
      case 'Fn::And':
        return list.every((each) => this.truth(each, location));
      case 'Fn::Or':
        return list.some((each) => this.truth(each, location));
      default:
        throw this.errorAt(location, `needs a condition with ${name}, which the gateway cannot evaluate`);
    }
  }
}

/** CloudFormation's references to whole secrets; the value depends on the name of the secret only. */
function withSecrets(text: string): string {
  return text.replace(/\{\{resolve:secretsmanager:(arn:[^{}]+):SecretString:{0,3}\}\}/g, (_, arn: string) =>
    derivedId(`secret ${arn}`, 48),
  );
}
