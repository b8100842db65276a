/**
 * Runs in CloudFront on every request, before anything else: maps the public paths onto the stage.
 * ECMAScript 5.1 only (a test parses it). CloudFront hands over the path and the query as they are on the wire.
 *
 *   /v1/ws                                       ->  /ws, query untouched
 *   /v1/ws/tenant/{t}/agent/{a}/channel/{c}      ->  /ws, with tenant_id, agent_id and channel_id from the path
 */
/* eslint no-unused-vars: ["error", { "varsIgnorePattern": "^handler$", "caughtErrors": "none" }] */
function handler(event) {
  var request = event.request;
  var segments = request.uri.split('/');
  if (segments.length > 3 && segments[segments.length - 1] === '') segments.pop();
  if (segments[0] !== '' || segments[1] !== 'v1' || segments[2] !== 'ws') return forbidden();

  if (segments.length !== 3) {
    var named = segments[3] === 'tenant' && segments[5] === 'agent' && segments[7] === 'channel';
    if (segments.length !== 9 || !named || !segments[4] || !segments[6] || !segments[8]) return forbidden();
    removeParameters(request.querystring);
    request.querystring.tenant_id = { value: asQueryValue(segments[4]) };
    request.querystring.agent_id = { value: asQueryValue(segments[6]) };
    request.querystring.channel_id = { value: asQueryValue(segments[8]) };
  }
  // Takes the place of a header of the same name that the viewer sends.
  request.headers['artcafe-viewer-address'] = { value: event.viewer.ip };
  request.uri = '/ws';
  return request;
}

/** The path wins over the query, whichever way the query spells the name: the origin decodes it. */
function removeParameters(querystring) {
  Object.keys(querystring).forEach(function (key) {
    var name = decoded(key);
    if (name === 'tenant_id' || name === 'agent_id' || name === 'channel_id') delete querystring[key];
  });
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch (malformed) {
    return text;
  }
}

/** `%2F` stays `%2F`. What a path may hold but a query would read as syntax is encoded: `+` is a blank there, `&` a border. */
function asQueryValue(segment) {
  return segment.replace(/[^A-Za-z0-9\-._~%!*'()]+/g, function (text) {
    return encodeURIComponent(text);
  });
}

function forbidden() {
  return { statusCode: 403, statusDescription: 'Forbidden' };
}
