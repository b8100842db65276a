/**
 * aws-lambda-graphql behind three routes, as its README wires it. Its second function would be started by a DynamoDB stream; here
 * it runs right after the event was put, in the same invocation: no stream delay, no second request. That favours it.
 * Plain JavaScript, because the packages stand in a cache folder (MODULES) and not in this project.
 */
const load = (name) => require(`${process.env.MODULES}/${name}`);
const AWS = load('aws-sdk');
AWS.config.update({
  region: process.env.AWS_REGION,
  // The gateway speaks plain HTTP on a local port.
  sslEnabled: false,
  dynamodb: { endpoint: process.env.AWS_ENDPOINT_URL_DYNAMODB },
});
const {
  createDynamoDBEventProcessor,
  createWsHandler,
  DynamoDBConnectionManager,
  DynamoDBEventStore,
  DynamoDBSubscriptionManager,
  PubSub,
} = load('aws-lambda-graphql');
const { makeExecutableSchema } = load('graphql-tools');

const store = new DynamoDBEventStore({ eventsTable: process.env.EVENTS_TABLE });
const eventStore = {
  publish: async (event) => {
    await store.publish(event);
    await processEvents({
      Records: [{ eventName: 'INSERT', dynamodb: { NewImage: AWS.DynamoDB.Converter.marshall(event) } }],
    });
  },
};
const pubSub = new PubSub({ eventStore });
const schema = makeExecutableSchema({
  typeDefs: `
    type Message { id: ID!, content: String! }
    type Query { version: String! }
    type Mutation { publish(channel: String!, id: ID!, content: String!): ID! }
    type Subscription { message(channel: String!): Message! }
  `,
  resolvers: {
    Mutation: {
      publish: async (root, { channel, id, content }) => {
        await pubSub.publish(channel, { id, content });
        return id;
      },
    },
    Subscription: {
      message: {
        resolve: (payload) => payload,
        subscribe: (root, args, context) => pubSub.subscribe(args.channel)(root, args, context),
      },
    },
  },
});
const subscriptionManager = new DynamoDBSubscriptionManager({
  subscriptionsTableName: process.env.SUBSCRIPTIONS_TABLE,
  subscriptionOperationsTableName: process.env.OPERATIONS_TABLE,
});
const connectionManager = new DynamoDBConnectionManager({
  connectionsTable: process.env.CONNECTIONS_TABLE,
  subscriptions: subscriptionManager,
});
const options = { connectionManager, subscriptionManager, schema };
const processEvents = createDynamoDBEventProcessor(options);
const handler = createWsHandler(options);

module.exports = { connect: handler, message: handler, disconnect: handler };
