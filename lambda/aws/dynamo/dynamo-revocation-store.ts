/**
 * Revocations: one small row each in ConnectionTable, so that a connect asks for all that may concern it in one call. They
 * are read eventually consistent: the function that revokes looks for connections again after it has closed those it found.
 */
import {
  BatchGetCommand,
  DeleteCommand,
  type DynamoDBDocumentClient,
  PutCommand,
} from '@aws-sdk/lib-dynamodb';
import { connectionTable } from '../../contract';
import {
  isRefusedBy,
  type Revocation,
  type RevocationScope,
  type RevocationStore,
  type TokenIdentity,
  Unavailable,
} from '../../shared/ports';
import { revocationSubject } from '../../shared/subjects';
import { defaultCallMs, guarded, timer } from './dynamo-calls';

/** Sort key of a table that is keyed by connections. */
const allTokens = 'all';
const tokenPrefix = 'jti/';

export interface RevocationItem {
  readonly [connectionTable.sortKey]: string;
  /** Epoch milliseconds. */
  readonly issued_up_to: number;
}

export class DynamoRevocationStore implements RevocationStore {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly table: string,
    private readonly callMs = defaultCallMs,
  ) {}

  async isRevoked({ tenantId, agentId, tokenId, tokenIssuedAt }: TokenIdentity): Promise<boolean> {
    const scopes = [
      { tenantId, agentId: undefined, tokenId: undefined },
      { tenantId, agentId, tokenId: undefined },
      ...(tokenId === undefined ? [] : [{ tenantId, agentId, tokenId }]),
    ];
    const get = new BatchGetCommand({ RequestItems: { [this.table]: { Keys: scopes.map(key) } } });
    const answer = await guarded(this.client.send(get, timer(this.callMs)));
    if (answer.UnprocessedKeys?.[this.table] !== undefined) throw new Unavailable('DynamoDB keeps keys back');
    const items = (answer.Responses?.[this.table] ?? []) as RevocationItem[];
    return items.some((item) => isRefusedBy({ issuedUpTo: item.issued_up_to }, tokenIssuedAt));
  }

  async put(scope: RevocationScope, { issuedUpTo, expiresAt }: Revocation): Promise<void> {
    const item = {
      ...key(scope),
      issued_up_to: issuedUpTo,
      ...(expiresAt !== undefined && { [connectionTable.ttl]: Math.ceil(expiresAt / 1_000) }),
    };
    await guarded(
      this.client.send(new PutCommand({ TableName: this.table, Item: item }), timer(this.callMs)),
    );
  }

  async remove(scope: RevocationScope): Promise<void> {
    const command = new DeleteCommand({ TableName: this.table, Key: key(scope) });
    await guarded(this.client.send(command, timer(this.callMs)));
  }
}

/** A row of a scan, whose subject has been read. */
export function revocationRow(
  scope: RevocationScope,
  { issued_up_to: issuedUpTo, [connectionTable.sortKey]: sortKey }: RevocationItem,
): RevocationScope & Pick<Revocation, 'issuedUpTo'> {
  const tokenId = sortKey === allTokens ? undefined : sortKey.slice(tokenPrefix.length);
  return { ...scope, tokenId, issuedUpTo };
}

function key({ tenantId, agentId, tokenId }: RevocationScope): Record<string, string> {
  return {
    [connectionTable.partitionKey]: revocationSubject(tenantId, agentId),
    [connectionTable.sortKey]: tokenId === undefined ? allTokens : `${tokenPrefix}${tokenId}`,
  };
}
