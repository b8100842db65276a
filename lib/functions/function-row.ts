/** What a row of the table of functions says, and the names of the functions. */
import type { variables } from '../../lambda/contract';

/** The variables that the deployment sets. Lambda sets `ownName` itself. */
export type Variable = Exclude<keyof typeof variables, 'ownName'>;

export type Method = 'GET' | 'POST' | 'DELETE';

export type Grant =
  | { readonly to: 'read-token-key' }
  /** With the setting `events`. */
  | { readonly to: 'put-events' }
  /** Receives events of the failure queue, removes them or gives them back. */
  | { readonly to: 'clear-failures' }
  | { readonly to: 'invoke'; readonly functions: readonly FunctionName[] }
  | {
      readonly to: 'use-table';
      readonly table: 'connections' | 'agents' | 'messages';
      readonly operations: readonly string[];
    }
  | { readonly to: 'manage-connections'; readonly methods: readonly Method[] };

export interface FunctionRow {
  /** File in `lambda/functions/`. */
  readonly entry: string;
  readonly description: string;
  /** A little more than the function's own deadline. Lambda accepts whole seconds only. */
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly environment: readonly Variable[];
  readonly grants: readonly Grant[];
  /**
   * For functions that are invoked asynchronously: how long an event may wait, and whether the function invokes itself. An event with
   * content, of messages or of presence, is not kept when it fails.
   */
  readonly asynchronous?: {
    readonly maxWaitMinutes: number;
    readonly invokesItself?: true;
    readonly hasContent?: true;
  };
  /** Its log group is the audit log, which has a retention of its own. */
  readonly logs?: 'audit';
  /** The interval of the schedule. */
  readonly everyMinutes?: number;
}

export const functionNames = [
  'audit',
  'authorizer',
  'inbox',
  'presence',
  'fanOut',
  'connect',
  'default',
  'disconnect',
  'sweep',
  'revoke',
  'http',
] as const;
export type FunctionName = (typeof functionNames)[number];
/** Made only when a setting asks for it. */
export type OptionalFunctionName = 'publishQueue';
