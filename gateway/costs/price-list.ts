/**
 * What AWS charges, in one table: list prices of us-east-1 without the free tier, in US dollars. Check the sources
 * again before you rely on a forecast.
 */

export interface Price {
  /** Dollars for one `unit`. */
  readonly dollars: number;
  readonly unit: string;
  readonly source: string;
  /** When the source was read. */
  readonly asOf: string;
}

const million = 1_000_000;

export const priceList = {
  message: {
    dollars: 1 / million,
    unit: 'WebSocket message of up to 32 KB, in or out (the first billion a month)',
    source: 'aws.amazon.com/api-gateway/pricing',
    asOf: '2026-09-21',
  },
  connectionMinute: {
    dollars: 0.25 / million,
    unit: 'minute of one WebSocket connection',
    source: 'aws.amazon.com/api-gateway/pricing',
    asOf: '2026-09-21',
  },
  httpRequest: {
    dollars: 1 / million,
    unit: 'request to the HTTP API of up to 512 KB (the first 300 million a month)',
    source: 'aws.amazon.com/api-gateway/pricing',
    asOf: '2026-09-21',
  },
  lambdaRequest: {
    dollars: 0.2 / million,
    unit: 'Lambda request',
    source: 'AWS Price List, AWSLambda',
    asOf: '2026-09-19',
  },
  lambdaGbSecond: {
    dollars: 0.0000133334,
    unit: 'GB-second of Lambda on arm64',
    source: 'AWS Price List, AWSLambda',
    asOf: '2026-09-19',
  },
  readUnit: {
    dollars: 0.125 / million,
    unit: 'DynamoDB read request unit, on demand (4 KB strongly consistent, 8 KB eventually)',
    source: 'AWS Price List, AmazonDynamoDB',
    asOf: '2026-09-19',
  },
  writeUnit: {
    dollars: 0.625 / million,
    unit: 'DynamoDB write request unit, on demand (1 KB)',
    source: 'AWS Price List, AmazonDynamoDB',
    asOf: '2026-09-19',
  },
  signingKeyMonth: {
    dollars: 1,
    unit: 'month of the KMS key that signs tokens',
    source: 'aws.amazon.com/kms/pricing',
    asOf: '2026-09-21',
  },
  queueRequest: {
    dollars: 0.4 / million,
    unit: 'SQS request of up to 64 KB, standard queue',
    source: 'aws.amazon.com/sqs/pricing',
    asOf: '2026-09-21',
  },
  busEvent: {
    dollars: 1 / million,
    unit: 'custom event of up to 64 KB to EventBridge',
    source: 'aws.amazon.com/eventbridge/pricing, as cloudburn.io/blog/amazon-eventbridge-pricing has it',
    asOf: '2026-11-29',
  },
  edgeFunction: {
    dollars: 0.1 / million,
    unit: 'run of a CloudFront Function',
    source: 'aws.amazon.com/cloudfront/pricing',
    asOf: '2026-09-21',
  },
  edgeRequest: {
    dollars: 1 / million,
    unit: 'HTTPS request to CloudFront (a handshake is one)',
    source: 'aws.amazon.com/cloudfront/pricing',
    asOf: '2026-09-21',
  },
  edgeGigabyte: {
    dollars: 0.085,
    unit: 'GB from CloudFront to viewers (the first 10 TB)',
    source: 'aws.amazon.com/cloudfront/pricing',
    asOf: '2026-09-21',
  },
  gigabyte: {
    dollars: 0.09,
    unit: 'GB from API Gateway to the internet (after 100 GB)',
    source: 'aws.amazon.com/ec2/pricing/on-demand, data transfer',
    asOf: '2026-09-21',
  },
} as const satisfies Record<string, Price>;

export type PriceName = keyof typeof priceList;
