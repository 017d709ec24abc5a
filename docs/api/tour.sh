#!/usr/bin/env bash
# Walks every endpoint of a fresh demo issuer with curl, and shows each question
# with its answer:
#
#   deskauth issuer --demo --db sqlite:/tmp/tour.db
#   docs/api/tour.sh http://127.0.0.1:4000 http://127.0.0.1:4001
#
# It ends with the first answer that is not what it should be. What the endpoints
# take and answer, /openapi.yaml of the issuer tells.
set -euo pipefail

zendesk=${1:-http://127.0.0.1:4000} # the account acme, as the default one
control=${2:-http://127.0.0.1:4001} # the demo's controls
app=oauth_tutorial_app
secret=demo-secret-of-the-tutorial-app-at-acme
callback=http://localhost:8080/handle_user_decision

token=none # Ada's, once she has one

cookies=$(mktemp)
trap 'rm -f "$cookies"' EXIT

part() { printf '\n== %s\n' "$1"; }

# ask WHAT CURL-ARGUMENTS… shows what is asked, asks, and keeps the answer in $body.
ask() {
  printf '\n# %s\n$ curl' "$1"
  shift
  printf ' %q' "${@//"$token"/TOKEN}"
  printf '\n'
  body=$(curl --silent --show-error --fail-with-body --globoff "$@") || {
    printf '%s\n' "$body"
    exit 1
  }
  case $body in
  '<!doctype html>'*) printf '(a page: %s)\n' "$(sed -n 's/.*<title>\(.*\)<\/title>.*/\1/p' <<<"$body")" ;;
  *) printf '%s\n' "$body" ;;
  esac
}

# api WHAT METHOD PATH CURL-ARGUMENTS… asks the API as Ada, by her token.
api() {
  ask "$1" -X "$2" -H "Authorization: Bearer $token" "${@:4}" "$zendesk$3"
}

# send is api with a JSON body.
send() {
  api "$1" "$2" "$3" -H 'Content-Type: application/json' -d "$4"
}

# text NAME and number NAME are the first member of that name in the last answer.
text() { grep -o "\"$1\":\"[^\"]*\"" <<<"$body" | head -n 1 | cut -d '"' -f 4; }
number() { grep -o "\"$1\":[0-9]*" <<<"$body" | head -n 1 | cut -d : -f 2; }

# hidden NAME is a hidden field of the last page's form.
hidden() { grep -o "name=\"$1\" value=\"[^\"]*\"" <<<"$body" | head -n 1 | cut -d '"' -f 4 | sed 's/&amp;/\&/g'; }

# walk PATH QUERY leads Ada through the sign-in and the consent page, as a browser
# does, and keeps the code that the client gets in $code.
walk() {
  rm -f "$cookies"
  ask 'The client sends the browser here, and a sign-in page appears' -c "$cookies" "$zendesk$1?$2"
  ask 'Ada signs in' -b "$cookies" -c "$cookies" --data-urlencode person=admin@acme.example \
    --data-urlencode "next=$(hidden next)" "$zendesk/access/unauthenticated"
  ask 'She is asked whether she allows it' -b "$cookies" "$zendesk$1?$2"
  ask 'She does, and is sent back to the client with a code' -b "$cookies" -o /dev/null -w '%{redirect_url}' \
    --data-urlencode "ticket=$(hidden ticket)" -d decision=allow "$zendesk/oauth/authorizations"
  code=$(sed -n 's/.*[?&]code=\([^&]*\).*/\1/p' <<<"$body")
}

part 'A day when Zendesk still made API tokens'
ask 'The demo keeps that day' -X PUT "$control/clock" -H 'Content-Type: application/json' -d '{"now": "2026-10-01T12:00:00Z"}'

part 'What there is'
ask 'All of it' -o /dev/null -w '%{http_code} %{content_type}' "$zendesk/openapi.yaml"
ask 'The metadata of the authorization server' "$zendesk/.well-known/oauth-authorization-server"
ask 'The keys of its JWTs' "$zendesk/.well-known/jwks.json"

part 'OAuth: an authorization code'
walk /oauth/authorizations/new "response_type=code&client_id=$app&redirect_uri=$callback&scope=read%20write&state=xyz"
ask 'The code becomes a token' "$zendesk/oauth/tokens" -H 'Content-Type: application/json' -d '{
  "grant_type": "authorization_code", "code": "'"$code"'", "client_id": "'$app'", "client_secret": "'$secret'",
  "redirect_uri": "'$callback'"}'
refresh=$(text refresh_token)
ask 'The token becomes the next one' "$zendesk/oauth/tokens" -H 'Content-Type: application/json' -d '{
  "grant_type": "refresh_token", "refresh_token": "'"$refresh"'", "client_id": "'$app'", "client_secret": "'$secret'"}'
spare=$(text access_token)
ask 'What is it?' "$zendesk/oauth/introspect" -u "$app:$secret" -d "token=$spare"
ask 'It is not needed any more' "$zendesk/oauth/revoke" -u "$app:$secret" -d "token=$spare"
ask 'It is gone' "$zendesk/oauth/introspect" -u "$app:$secret" -d "token=$spare"
ask 'The client gets a token of its own' "$zendesk/oauth/tokens" -u "$app:$secret" \
  -d grant_type=client_credentials -d 'scope=read write'
token=$(text access_token)

part 'Users'
api 'Who am I?' GET /api/v2/users/me.json
ada=$(number id)
api 'Everybody' GET '/api/v2/users.json?page[size]=2'
api 'Carl' GET '/api/v2/users/search.json?query=customer@acme.example'
carl=$(number id)
api 'Carl, by his number' GET "/api/v2/users/$carl.json"
api 'Him and another' GET "/api/v2/users/show_many.json?ids=$carl,1"
api 'How many there are' GET /api/v2/users/count.json
send 'Somebody new' POST /api/v2/users.json '{"user": {"name": "Tess Tour", "email": "tess@acme.example"}}'
tess=$(number id)
send 'Another name' PUT "/api/v2/users/$tess.json" '{"user": {"name": "Tess T."}}'
send 'By her email' POST /api/v2/users/create_or_update.json '{"user": {"name": "Tess", "email": "tess@acme.example"}}'
api 'She goes' DELETE "/api/v2/users/$tess.json"

part 'OAuth clients'
api 'All of them' GET /api/v2/oauth/clients.json
api 'Those that Ada made' GET /api/v2/users/me/oauth/clients.json
send 'A new one, with its secret' POST /api/v2/oauth/clients.json \
  '{"client": {"name": "Tour", "identifier": "tour", "kind": "confidential", "redirect_uri": ["https://tour.example/callback"]}}'
client=$(number id)
api 'Its secret is not told again' GET "/api/v2/oauth/clients/$client.json"
send 'Another name' PUT "/api/v2/oauth/clients/$client.json" '{"client": {"name": "The Tour"}}'
send 'Another secret; the old one lives for an hour' PUT "/api/v2/oauth/clients/$client/generate_secret.json" \
  '{"old_secret_expires_in": 3600}'

part 'OAuth tokens'
send 'A token without a flow' POST /api/v2/oauth/tokens.json '{"token": {"client_id": '"$client"', "scopes": ["tickets:read"]}}'
made=$(number id)
narrow=$(text full_token)
api 'Ada has these' GET /api/v2/oauth/tokens.json
api 'This is the new one' GET "/api/v2/oauth/tokens/$made.json"
api 'And this the one that asks' GET /api/v2/oauth/tokens/current.json
ask 'A token can revoke itself' -X DELETE -H "Authorization: Bearer $narrow" "$zendesk/api/v2/oauth/tokens/current.json"
send 'Another' POST /api/v2/oauth/tokens.json '{"token": {"client_id": '"$client"', "scopes": ["read"]}}'
api 'Ada revokes it' DELETE "/api/v2/oauth/tokens/$(number id).json"
api 'The client is not needed any more' DELETE "/api/v2/oauth/clients/$client.json"

part 'Global clients'
ask 'One is planted, which Acme approved' "$control/seed" -H 'Content-Type: application/json' -d '{"yaml":
  "accounts: [{subdomain: acme, name: Acme Inc., users: [{email: admin@acme.example, name: Ada Admin, role: admin}]}]\nglobal_clients: [{identifier: zdg-tour, name: Global Tour, secret: secret-of-the-global-tour, redirect_uri: [\"https://tour.example/global\"], accounts: [acme]}]"}'
api 'Acme sees it' GET /api/v2/oauth/global_clients.json
global=$(number id)
api 'By its number' GET "/api/v2/oauth/global_clients/$global.json"
api 'How many tokens it has' GET '/api/v2/oauth/global_clients/token_summary.json?include_expired=true'

part 'API tokens'
api 'All of them' GET /api/v2/api_tokens.json
send 'A new one' POST /api/v2/api_tokens.json '{"api_token": {"description": "tour"}}'
key=$(number id)
api 'It is not told again' GET "/api/v2/api_tokens/$key.json"
send 'It opens nothing for now' PUT "/api/v2/api_tokens/$key.json" '{"api_token": {"active": false}}'
api 'Nor ever again' DELETE "/api/v2/api_tokens/$key.json"

part 'Chat'
walk /oauth2/chat/authorizations/new 'response_type=code&client_id=chat_app&redirect_uri=http://localhost/token&scope=read%20write&subdomain=acme'
ask 'The code becomes a Chat token' "$zendesk/oauth2/chat/token" -d grant_type=authorization_code -d "code=$code" \
  -d client_id=chat_app -d client_secret=demo-secret-of-the-chat-app-at-acme -d redirect_uri=http://localhost/token
support=$token
token=$(text access_token)
api 'The account' GET /api/v2/chat/account
api 'Its clients' GET /api/v2/chat/oauth/clients
send 'A new one' POST /api/v2/chat/oauth/clients '{"name": "Tour", "company": "Acme", "redirect_uris": ["https://tour.example/chat"]}'
client=$(number id)
api 'It is public' GET "/api/v2/chat/oauth/clients/$client"
send 'Now it is not' PUT "/api/v2/chat/oauth/clients/$client" '{"client_type": "confidential"}'
api 'It goes' DELETE "/api/v2/chat/oauth/clients/$client"
api "Ada's Chat tokens" GET /api/v2/chat/oauth/tokens
made=$(number id)
api 'One of them' GET "/api/v2/chat/oauth/tokens/$made"
api 'It revokes itself' DELETE "/api/v2/chat/oauth/tokens/$made"
token=$support

part 'Files and tickets'
api 'A file, to be attached' POST '/api/v2/uploads.json?filename=hello.txt' -H 'Content-Type: text/plain' --data-binary 'Hello!'
upload=$(text token)
api 'Another, which nobody wants' POST '/api/v2/uploads.json?filename=bye.txt' -H 'Content-Type: text/plain' --data-binary 'Bye.'
api 'It goes' DELETE "/api/v2/uploads/$(text token).json"
send 'A ticket with the file' POST /api/v2/tickets.json '{"ticket": {
  "subject": "The tour", "requester_id": '"$carl"', "comment": {"body": "See the file.", "uploads": ["'"$upload"'"]}}}'
ticket=$(number id)
api 'The ticket' GET "/api/v2/tickets/$ticket.json"
send 'Solved' PUT "/api/v2/tickets/$ticket.json" '{"ticket": {"status": "solved", "comment": {"body": "Done."}}}'
api 'All tickets' GET '/api/v2/tickets.json?per_page=2'
api 'How many there are' GET /api/v2/tickets/count.json
api 'Some of them' GET "/api/v2/tickets/show_many.json?ids=1,$ticket"
api "Carl's" GET "/api/v2/users/$carl/tickets/requested.json"
api 'How many he asked' GET "/api/v2/users/$carl/tickets/requested/count.json"
api 'What Carl works on' GET "/api/v2/users/$carl/tickets/assigned.json"
api 'Nothing' GET "/api/v2/users/$carl/tickets/assigned/count.json"
send 'Two at once, in the background' POST /api/v2/tickets/create_many.json '{"tickets": [
  {"subject": "One of many", "comment": {"body": "One."}}, {"subject": "Another", "comment": {"body": "Two."}}]}'
job=$(text id)
api 'How far that is' GET "/api/v2/job_statuses/$job.json"
api 'All that was to do in the last hour' GET '/api/v2/job_statuses.json?page[size]=10'
api 'Some of it' GET "/api/v2/job_statuses/show_many.json?ids=$job"
send 'Tags for many' PUT "/api/v2/tickets/update_many.json?ids=$ticket,1" '{"ticket": {"additional_tags": ["many"]}}'
api 'A ticket that nobody has goes' DELETE '/api/v2/tickets/destroy_many.json?ids=999999'
send 'Its tags' POST "/api/v2/tickets/$ticket/tags.json" '{"tags": ["tour", "first"]}'
send 'One more' PUT "/api/v2/tickets/$ticket/tags.json" '{"tags": ["file"]}'
send 'One less' DELETE "/api/v2/tickets/$ticket/tags.json" '{"tags": ["first"]}'
api 'What is left' GET "/api/v2/tickets/$ticket/tags.json"
send 'A group' POST /api/v2/groups.json '{"group": {"name": "Tour guides"}}'
group=$(number id)
send 'What it is for' PUT "/api/v2/groups/$group.json" '{"group": {"description": "They show the way."}}'
api 'All groups' GET '/api/v2/groups.json?exclude_deleted=true'
api 'Those that a ticket can be given to' GET /api/v2/groups/assignable.json
api 'How many there are' GET /api/v2/groups/count.json
send 'Ada is one of them' POST /api/v2/group_memberships.json '{"group_membership": {"user_id": '"$ada"', "group_id": '"$group"'}}'
member=$(number id)
api 'Who is where' GET /api/v2/group_memberships.json
api 'Who can be given tickets' GET /api/v2/group_memberships/assignable.json
api 'One of them' GET "/api/v2/group_memberships/$member.json"
api 'Who is in the group' GET "/api/v2/groups/$group/memberships.json"
api 'Who of it can be given tickets' GET "/api/v2/groups/$group/memberships/assignable.json"
api "Ada's groups" GET "/api/v2/users/$ada/groups.json"
api 'Ada leaves' DELETE "/api/v2/group_memberships/$member.json"
send 'And comes back' POST "/api/v2/users/$ada/group_memberships.json" '{"group_membership": {"group_id": '"$group"'}}'
member=$(number id)
api 'Where she is' GET "/api/v2/users/$ada/group_memberships.json"
api 'Since when' GET "/api/v2/users/$ada/group_memberships/$member.json"
api 'Her tickets are theirs' PUT "/api/v2/users/$ada/group_memberships/$member/make_default.json"
api 'She leaves again' DELETE "/api/v2/users/$ada/group_memberships/$member.json"
send 'The ticket is theirs' PUT "/api/v2/tickets/$ticket.json" '{"ticket": {"group_id": '"$group"'}}'
api 'Ada deletes the group' DELETE "/api/v2/groups/$group.json"
api 'It is kept, as deleted' GET "/api/v2/groups/$group.json"
send 'A field of tickets' POST /api/v2/ticket_fields.json '{"ticket_field": {"title": "Way", "type": "tagger",
  "custom_field_options": [{"name": "On foot", "value": "on_foot"}, {"name": "By boat", "value": "by_boat"}]}}'
field=$(number id)
send 'Who asks may see it' PUT "/api/v2/ticket_fields/$field.json" '{"ticket_field": {"visible_in_portal": true}}'
api 'The field' GET "/api/v2/ticket_fields/$field.json"
api 'All fields, by their position' GET /api/v2/ticket_fields.json
api 'How many there are' GET /api/v2/ticket_fields/count.json
send 'The ticket goes by boat, and has a tag that says so' PUT "/api/v2/tickets/$ticket.json" \
  '{"ticket": {"custom_fields": [{"id": '"$field"', "value": "by_boat"}]}}'
api 'Ada deletes the field' DELETE "/api/v2/ticket_fields/$field.json"
api 'Tickets like it' GET '/api/v2/search.json?query=type:ticket%20tags:tour'
api 'How many' GET '/api/v2/search/count.json?query=type:ticket%20tags:tour'
api 'How often it was changed' GET "/api/v2/tickets/$ticket/audits/count.json"
api 'How often somebody spoke' GET "/api/v2/tickets/$ticket/comments/count.json"
api 'How it changed' GET "/api/v2/tickets/$ticket/audits.json"
audit=$(number id)
api 'The first change' GET "/api/v2/tickets/$ticket/audits/$audit.json"
api 'What was said' GET "/api/v2/tickets/$ticket/comments.json"
content=$(text content_url)
file=$(grep -o '/attachments/[0-9]*' <<<"$body" | head -n 1 | cut -d / -f 3)
api 'The attachment' GET "/api/v2/attachments/$file.json"
ask 'The file' "$content"

part 'Requests, as Carl sees his tickets'
carl() { ask "$1" -X "$2" -u customer@acme.example/token:demo-api-token-of-acme "${@:4}" "$zendesk$3"; }
carl 'His' GET /api/v2/requests.json
carl 'A new one' POST /api/v2/requests.json -H 'Content-Type: application/json' \
  -d '{"request": {"subject": "Help!", "comment": {"body": "It does not work."}}}'
request=$(number id)
carl 'The request' GET "/api/v2/requests/$request.json"
carl 'It works again' PUT "/api/v2/requests/$request.json" -H 'Content-Type: application/json' \
  -d '{"request": {"comment": {"body": "It was the plug."}}}'
carl 'What was said' GET "/api/v2/requests/$request/comments.json"
api 'Ada deletes the ticket' DELETE "/api/v2/tickets/$request.json"

printf '\nThat was all of it.\n'
