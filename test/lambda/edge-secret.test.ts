/** What proves that a handshake came through the edge. */
import { showsEdgeSecret } from '../../lambda/agents/edge-secret';

const secrets = ['current-secret', 'previous-secret'];

test.each([
  [['current-secret'], true],
  [['previous-secret'], true],
  [[], false],
  [[''], false],
  [['current-secre'], false],
  [['Current-secret'], false],
  [['current-secret', 'current-secret'], false],
  [['wrong', 'current-secret'], false],
  [['current-secret previous-secret'], false],
])('%j shows a secret: %j', (shown, expected) => {
  expect(showsEdgeSecret(shown, secrets)).toBe(expected);
});

test('without secrets nothing shows one', () => {
  expect(showsEdgeSecret([''], [])).toBe(false);
  expect(showsEdgeSecret([], [])).toBe(false);
});
