/**
 * The two DynamoDB operations that the gateway needs itself: create a table, describe a table. Plain requests with
 * the same dummy credentials that the functions use.
 */
import { request } from 'node:http';
import { request as secureRequest } from 'node:https';
import { type JsonObject, objectOr, parseJson } from '../json';
import { credentials, region } from '../platform';

export interface DynamoAnswer {
  status: number;
  body: JsonObject;
}

export function callDynamo(endpoint: string, operation: string, input: object): Promise<DynamoAnswer> {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${credentials.accessKeyId}/${date.slice(0, 8)}/${region}/dynamodb/aws4_request`;
  const headers = {
    'Content-Type': 'application/x-amz-json-1.0',
    'X-Amz-Target': `DynamoDB_20120810.${operation}`,
    'X-Amz-Date': date,
    Authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host;x-amz-date;x-amz-target, Signature=${'0'.repeat(64)}`,
  };
  const send = endpoint.startsWith('https:') ? secureRequest : request;
  return new Promise((resolve, reject) => {
    const call = send(endpoint, { method: 'POST', headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const body = objectOr(parseJson(Buffer.concat(chunks).toString()));
        resolve({ status: response.statusCode ?? 0, body });
      });
    });
    call.on('error', reject);
    call.end(JSON.stringify(input));
  });
}
