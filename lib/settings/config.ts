/**
 * Validates the settings and derives names, token terms, removal policy and region from them. Does not import
 * aws-cdk-lib, because the token command reads the same settings and must start fast.
 */
import * as v from 'valibot';
import { SettingsError, unknownSetting, wrongSetting } from './settings-error';
import { defaultDeployment, namesInside, settingNames, settingsSchema } from './settings-schema';

export type Settings = v.InferOutput<typeof settingsSchema>;
/** As a user writes them: all are optional. */
export type SettingsInput = v.InferInput<typeof settingsSchema>;
export type EdgeSettings = Exclude<Settings['edge'], false>;
export type MonitoringSettings = Exclude<Settings['monitoring'], false>;

/**
 * Checks settings and fills in what is absent.
 * @throws SettingsError that names the first invalid setting
 * @example parseSettings({ retentionHours: 1 }).connectionLimit // 100
 */
export function parseSettings(input: Readonly<Record<string, unknown>>): Settings {
  const result = v.safeParse(settingsSchema, input, { abortEarly: true });
  if (!result.success) throw toSettingsError(result.issues[0]);
  checkConflicts(result.output);
  return result.output;
}

function toSettingsError(issue: v.BaseIssue<unknown>): SettingsError {
  const name = v.getDotPath(issue) ?? '';
  const parent = name.includes('.') ? (name.split('.')[0] ?? '') : '';
  if (issue.type === 'strict_object' && issue.expected === 'never') {
    return unknownSetting(name, parent === '' ? settingNames : (namesInside[parent] ?? []));
  }
  return wrongSetting(name, issue.type === 'strict_object' ? 'a value' : issue.message, issue.input);
}

function checkConflicts(settings: Settings): void {
  const { edge, protection, removalPolicy } = settings;
  if (edge !== false) {
    if (edge.domainName !== undefined && edge.certificateArn === undefined) {
      throw wrongSetting('edge.certificateArn', 'a certificate for edge.domainName', undefined);
    }
    if (edge.certificateArn !== undefined && edge.domainName === undefined) {
      throw wrongSetting('edge.domainName', 'a domain name for edge.certificateArn', undefined);
    }
    if (edge.webAclArn !== undefined && edge.rateLimitPer5Minutes !== undefined) {
      throw new SettingsError(
        'Setting "edge.rateLimitPer5Minutes": a distribution has one web ACL, so put the rate rule into the one of edge.webAclArn.',
      );
    }
  }
  if (protection && removalPolicy === 'destroy') {
    throw wrongSetting(
      'removalPolicy',
      '"retain" (or nothing) together with "protection": true',
      removalPolicy,
    );
  }
}

/** @example stackName('artcafe') // 'ArtCafePubSub', and 'ArtCafePubSub-blue' for 'blue' */
export function stackName(deployment: string): string {
  return deployment === defaultDeployment ? 'ArtCafePubSub' : `ArtCafePubSub-${deployment}`;
}

export function retainsData(settings: Settings): boolean {
  return settings.protection || settings.removalPolicy === 'retain';
}

/**
 * Work units per message of `messageRate`. A small message costs 13.3 with ten receivers and 5.8 with two and a half: the rest of the
 * rate is head-room. The burst takes the reports of twenty environments at once.
 */
const workPerMessage = { agentPerSecond: 20, agentBurst: 80, tenantPerSecond: 8, tenantBurst: 16 };
/** What the default of `messageRate` needs; a lower one does not lower it. */
const minWork = { agentPerSecond: 1_000, agentBurst: 8_000, tenantPerSecond: 8_000, tenantBurst: 32_000 };

type WorkRate = Required<NonNullable<Settings['workRate']>>;

/** `workRate` with its defaults: what the message rate needs; no limit where that has none. */
export function workRateOf({ messageRate, workRate }: Settings): WorkRate {
  const rate = (name: keyof WorkRate): number =>
    workRate[name] ?? Math.max(minWork[name], messageRate[name] * workPerMessage[name]);
  const perSecond = (name: 'agentPerSecond' | 'tenantPerSecond'): number =>
    workRate[name] ?? (messageRate[name] === 0 ? 0 : rate(name));
  return {
    agentPerSecond: perSecond('agentPerSecond'),
    agentBurst: rate('agentBurst'),
    tenantPerSecond: perSecond('tenantPerSecond'),
    tenantBurst: rate('tenantBurst'),
  };
}

/** The source of tokens and their required claims. Both claims are checked for either source. */
export interface TokenTerms {
  readonly issuer: string;
  /** `null` = not checked. */
  readonly audience: string | null;
  /** Absent = the built-in key signs, or the issuer's configuration says where its keys are. */
  readonly jwksUri?: string | undefined;
  /** What else tokens of an OIDC issuer must say. */
  readonly checks?: TokenChecks;
}

/** Members of `TokenTerms` of the authorizer. */
export interface TokenChecks {
  readonly audience?: null;
  readonly clientId?: string | undefined;
  readonly tokenUse?: string | undefined;
  readonly types?: readonly string[] | undefined;
  readonly algorithms?: readonly string[] | undefined;
}

/** Names of the claims; those that are absent are not read. */
export function claimNames({ token, claims }: Settings): Settings['claims'] {
  return token === 'built-in' ? { agents: 'agents', role: 'role', ...claims } : claims;
}

export function tokenTerms({ deployment, token }: Settings): TokenTerms {
  if (token === 'built-in') {
    return { issuer: `urn:artcafe:pubsub:${deployment}`, audience: 'artcafe-pubsub' };
  }
  const { issuer, audience, jwksUri, ...others } = token;
  const checks = { ...(audience === null && { audience }), ...others };
  return { issuer, audience, jwksUri, ...(Object.keys(checks).length > 0 && { checks }) };
}

/**
 * The region that the settings fix, if any: web ACLs of CloudFront exist in us-east-1 only.
 * @throws SettingsError when the operator's own region is another one
 */
export function fixedRegion(settings: Settings, chosenRegion: string | undefined): string | undefined {
  if (settings.edge === false || settings.edge.rateLimitPer5Minutes === undefined) return undefined;
  if (chosenRegion !== undefined && chosenRegion !== 'us-east-1') {
    throw new SettingsError(
      `Setting "edge.rateLimitPer5Minutes": its web ACL exists in us-east-1 only, and the region is "${chosenRegion}"; use edge.webAclArn there.`,
    );
  }
  return 'us-east-1';
}
