#!/bin/sh
# A day on the bus with nothing but curl: publish, retry, read what is new, write to an agent that is away, revoke a token.
# Start the bus first: npm start. BUS_HTTP names another one; ROBOT and OPS bring tokens of your own.
set -eu
url=${BUS_HTTP:-http://127.0.0.1:8787/v1}
robot=${ROBOT:-$(npm run --silent token -- --tenant shop --agent robot)}
ops=${OPS:-$(npm run --silent token -- --tenant shop --agent ops --role service)}

# as TOKEN METHOD PATH [BODY]: prints the answer and its status.
as() {
  curl --silent --show-error --request "$2" --header "Authorization: Bearer $1" ${4:+--data "$4"} \
    --write-out ' %{http_code}\n' "$url$3"
}

echo '# 08:00 Who am I?'
as "$robot" GET /me

echo '# 08:01 The end of the channel, kept for the evening'
page=$(as "$robot" GET '/channels/orders/messages?limit=1')
morning=$(echo "$page" | sed -n 's/.*"after":"\([^"]*\)".*/\1/p')
echo "$page"

echo '# 09:00 A webhook publishes an order, and sends it again because its connection broke'
as "$robot" POST /channels/orders/messages '{"id": "order-17", "content": {"item": "tea"}}'
as "$robot" POST /channels/orders/messages '{"id": "order-17", "content": {"item": "tea"}, "retry": true}'

echo '# 12:00 A job publishes three figures in one request; one of them is wrong'
as "$robot" POST /channels/orders/messages '[{"id": "a", "content": 1}, {"id": "b", "contents": 2}, {"id": "c", "content": 3}]'

echo '# 13:00 A message to an agent that is away waits in its inbox'
as "$robot" POST /agents/ops/messages '{"content": "Call the supplier"}'
as "$ops" GET '/channels/$inbox/messages?limit=1'

echo '# 15:00 The channels, and the agents that have ever been connected'
as "$robot" GET /channels
as "$robot" GET /agents

echo '# 18:00 What has come since the morning'
as "$robot" GET "/channels/orders/messages?after=$morning"

echo '# 19:00 A token of the robot has leaked: its tokens are refused, until that is taken back'
as "$ops" POST /revocations '{"agent_id": "robot"}'
as "$ops" DELETE '/revocations?agent_id=robot'
