/**
 * API Gateway's own answer when a function failed or was throttled. The service does not write it.
 */
export interface PlatformErrorFrame {
  readonly type?: never;
  readonly message: string;
  readonly connectionId: string;
  readonly requestId: string;
}

export const examples: readonly PlatformErrorFrame[] = [
  { message: 'Internal server error', connectionId: 'Cjq5dfmFIAMCKUQ=', requestId: 'Cjq5eF2moAMF4Vw=' },
];
