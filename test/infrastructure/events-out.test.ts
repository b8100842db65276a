/** Events out: nothing by default; with the setting, which functions may send events, to which bus. */
import { resources, templateOf } from './synthesized';

type Template = ReturnType<typeof templateOf>;

/** Functions with a variable, by the names of their constructs. */
const functionsWith = (template: Template, variable: string): string[] =>
  Object.entries(resources(template, 'AWS::Lambda::Function'))
    .filter(([, { Properties }]) => variable in ((Properties.Environment?.Variables ?? {}) as object))
    .map(([id]) => id.replace(/^Functions(.*)Function.*$/, '$1'))
    .sort();

const senders = ['Connect', 'Default', 'Disconnect', 'FanOut', 'Http', 'Presence', 'Revoke', 'Sweep'];

test('by default there are neither variables nor grants', () => {
  const text = JSON.stringify(templateOf().toJSON());
  expect(text).not.toContain('PutEvents');
  expect(text).not.toContain('EVENT_');
});

test('the setting adds no resource but its monitoring, and lets the functions send that change agents', () => {
  const events = { bus: 'fleet', channels: ['orders', 'shop.*'] };
  const template = templateOf({ events });
  const idsOf = (settings: object): string[] =>
    Object.keys(templateOf({ monitoring: false, ...settings }).toJSON().Resources as object);
  expect(idsOf({ events })).toEqual(idsOf({}));
  expect(functionsWith(template, 'EVENT_BUS')).toEqual(senders);
  expect(functionsWith(template, 'EVENT_CHANNELS')).toEqual(['Default', 'Http']);
  const policies = Object.entries(resources(template, 'AWS::IAM::Policy')).filter(([, policy]) =>
    JSON.stringify(policy).includes('events:PutEvents'),
  );
  expect(policies).toHaveLength(senders.length);
  for (const [, policy] of policies) expect(JSON.stringify(policy)).toContain(':event-bus/fleet');
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { EVENT_SOURCE: 'artcafe-pubsub.artcafe', EVENT_CHANNELS: 'orders shop.*' } },
  });
});

test('the publish queue sends them too', () => {
  const template = templateOf({ events: {}, publishQueue: { allow: [{ tenant: 'a', agents: ['*'] }] } });
  expect(functionsWith(template, 'EVENT_BUS')).toEqual([...senders, 'PublishQueue'].sort());
  expect(JSON.stringify(template.toJSON())).toContain(':event-bus/default');
});
