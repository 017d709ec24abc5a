package webtest

import (
	"time"

	"github.com/deskauth/deskauth/internal/web"
)

// office is a page for operators, which is in fewer languages than others.
func office() web.Board {
	b := board(true)
	b.Admin = true
	return b
}

// operators are the broker's pages of keys, clients and webhooks.
func operators() []Sample {
	return append(append(keys(), boardClients()...), webhooks()...)
}

func keys() []Sample {
	from := func(d time.Duration) time.Time { return boardNow.Add(d) }
	const day = 24 * time.Hour
	rows := []web.KeyRow{
		{ID: 31, Name: "nightly reports", Can: []string{"lend"}, Connections: []int64{12, 40, 77}, Created: from(-3 * day), Maker: web.Who{Kind: "user", ID: 1, Name: "Ada Admin"}, Expires: from(87 * day), Used: from(-40 * time.Second)},
		{ID: 30, Name: "laptop", Can: []string{"lend"}, Connections: []int64{12}, Created: from(-9 * day), From: 12, Expires: from(81 * day)},
		{ID: 4, Name: longWord + " " + rtlName, Can: []string{"lend", "connect", "pass"}, Created: from(-200 * day), Expires: from(6 * time.Hour), Used: from(-100 * day)},
		{ID: 1, Name: hostile, Can: []string{"admin", "teapot"}, Created: from(-400 * day), Maker: web.Who{Kind: "key", ID: 1, Name: longWord}},
	}
	over := []web.KeyRow{{ID: 2, Name: "old script", Can: []string{"lend"}, Created: from(-300 * day), Used: from(-31 * day), Ended: from(-30 * day)}}
	list := web.Keys{Board: office(), Rows: rows, Older: "/keys?before=NA"}
	ended, none := list, list
	ended.Over, ended.Rows, ended.Older = true, over, ""
	none.Rows, none.Older, none.Done = nil, "", web.KeyRevoked
	form := web.NewKey{Board: office(), Form: web.KeyForm{Life: "90"}}
	wrong := form
	wrong.Form = web.KeyForm{Name: longWord, Can: []string{"admin", "lend"}, Reach: "12, x", Life: "0"}
	wrong.Wrong = web.FieldReach
	made := web.Shown{Board: office(), Name: rows[0].Name, Secret: "deskauth_ThisIsShownOnceAndNeverAgain_abcdefghij0123456789", Site: "https://connect.example.com", Try: "/v1/connections"}
	return []Sample{
		{"keys", 200, list},
		{"keys_over", 200, ended},
		{"keys_none", 200, none},
		{"key_new", 200, form},
		{"key_wrong", 422, wrong},
		{"key_shown", 200, made},
		{"key_end", 200, web.EndKey{Board: office(), Row: rows[2]}},
	}
}

func boardClients() []Sample {
	from := func(d time.Duration) time.Time { return boardNow.Add(d) }
	const day = 24 * time.Hour
	refused := func(account string, ago, wait time.Duration) web.CircuitRow {
		return web.CircuitRow{Account: account, Since: from(-ago), Retry: from(wait), Failures: 3, Reason: "client_refused"}
	}
	secrets := []web.SecretRow{{Number: 7, Added: from(-2 * day)}, {Number: 4, Added: from(-90 * day), Worked: from(-3 * time.Minute)}, {Number: 1, Worked: from(-100 * day)}}
	rows := []web.BoardClientRow{
		{
			ID: 1, Product: "Support", Identifier: "zdg-our-app", Since: from(-400 * day), Secrets: secrets, Connections: 99_213,
			Circuits: []web.CircuitRow{refused("globex.zendesk.com", 2*time.Hour, 5*time.Minute), refused("initech.zendesk.com", day, -time.Minute), refused("umbrella.zendesk.com", day, time.Minute)},
		},
		{ID: 12, Account: "acme.zendesk.com", Product: "Support", Identifier: "acme_app", Since: from(-30 * day), Secrets: secrets[1:2], Connections: 1},
		{ID: 13, Account: "globex.zendesk.com", Product: "Chat", Identifier: "chat_app", Since: from(-time.Hour), Secrets: secrets[:1]},
		{ID: 14, Account: "initech.zendesk.com", Product: "Support", Identifier: "public_app", Since: from(-time.Minute), Connections: 40},
		{
			ID: 15, Account: longWord[:60] + ".zendesk.com", Product: "Support", Identifier: "a_very_long_identifier_" + longWord, Since: from(-9 * day), Secrets: secrets[:1],
			Circuits: []web.CircuitRow{refused(longWord[:60]+".zendesk.com", 40*time.Minute, -time.Second)}, Connections: 3,
		},
		{ID: 16, Account: "acme.zendesk.com", Product: "Support", Identifier: hostile, Since: from(-9 * day)},
	}
	list := web.BoardClients{Board: office(), Rows: rows, Next: "/clients?after=NA", Header: "account,product,identifier,secret"}
	none, found := list, list
	none.Rows, none.Next, none.Done = nil, "", web.ClientRemoved
	found.Rows, found.Next, found.Search, found.Refused = nil, "", longWord, true
	one := web.BoardClient{Board: office(), Row: rows[0]}
	plain, added, wrong, only, odd := one, one, one, one, one
	plain.Row, added.Row, wrong.Row, only.Row, odd.Row = rows[1], rows[3], rows[1], rows[1], rows[4]
	added.Done, only.Not, wrong.Wrong = web.ClientAdded, "only_secret", web.FieldSecret
	form := web.NewBoardClient{Board: office(), Suffix: ".zendesk.com", Form: web.BoardClientForm{Product: "support"}}
	there, bad := form, form
	there.Form, there.There = web.BoardClientForm{Account: "acme", Product: "chat", Identifier: "acme_app"}, 12
	bad.Form, bad.Wrong = web.BoardClientForm{Account: "not an account!", Product: "support", Identifier: longWord}, web.FieldAccount
	remove := web.RemoveBoardClient{Board: office(), Row: rows[0]}
	mistyped := web.RemoveBoardClient{Board: office(), Row: rows[4], Typed: "a", Mistyped: true}
	return []Sample{
		{"board_clients", 200, list},
		{"board_clients_none_found", 200, found},
		{"board_clients_none", 200, none},
		{"board_client", 200, one},
		{"board_client_plain", 200, plain},
		{"board_client_added", 200, added},
		{"board_client_wrong", 422, wrong},
		{"board_client_only_secret", 409, only},
		{"board_client_odd", 200, odd},
		{"board_client_new", 200, form},
		{"board_client_there", 409, there},
		{"board_client_bad", 422, bad},
		{"board_client_remove", 200, remove},
		{"board_client_remove_mistyped", 422, mistyped},
	}
}

func webhooks() []Sample {
	from := func(d time.Duration) time.Time { return boardNow.Add(d) }
	const day = 24 * time.Hour
	deliveries := []web.DeliveryRow{
		{ID: 904, Type: "webhook.test", At: from(-time.Second), State: "pending"},
		{ID: 903, Type: "connection.in_doubt", At: from(-10 * time.Minute), State: "pending", Tries: 2, Status: 503, Reason: "not_accepted", Last: from(-4 * time.Minute), Next: from(26 * time.Minute)},
		{ID: 902, Type: "connection.renewed", At: from(-time.Hour), State: "delivered", Tries: 1, Status: 204, Last: from(-time.Hour)},
		{ID: 901, Type: "connection.reauthorize", At: from(-2 * day), State: "failed", Tries: 8, Reason: "no_answer", Last: from(-day)},
		{ID: 900, Type: "something." + longWord, At: from(-2 * day), State: "failed", Tries: 1, Status: 302, Reason: "redirected", Last: from(-2 * day)},
	}
	rows := []web.WebhookRow{
		{ID: 1, URL: "https://hooks.example.com/deskauth", Types: web.NoticeTypes, Created: from(-40 * day), Last: deliveries[2]},
		{ID: 2, URL: "https://alerts.example.com/" + longWord + "?of=deskauth", Types: []string{"connection.in_doubt", "connection.reauthorize"}, Created: from(-day), Last: deliveries[1]},
		{ID: 3, URL: "http://127.0.0.1:9999/hooks", Types: []string{"pass.used"}, Created: from(-time.Minute)},
		{ID: 5, URL: "https://old.example.com/" + hostile, Types: []string{"pass.used"}, Gone: true, Why: "given_up", Dropped: 120, Created: from(-300 * day), Last: web.DeliveryRow{ID: 7, Type: "pass.used", State: "failed", Tries: 1, Status: 410, Reason: "gone", At: from(-6 * day), Last: from(-6 * day)}},
	}
	shared := web.Hooks{Board: office(), Clock: boardNow}
	list := web.Webhooks{Hooks: shared, Rows: rows}
	none := list
	none.Rows, none.Done = nil, web.WebhookRemoved
	one := web.Webhook{Hooks: shared, Row: rows[0], Deliveries: deliveries, Secrets: []web.SigningSecret{{Number: 2, Added: from(-time.Hour)}, {Number: 1, Added: from(-40 * day), Ends: from(23 * time.Hour)}}}
	fresh, gone, odd := one, one, one
	fresh.Row, fresh.Deliveries, fresh.Secrets, fresh.Done = rows[2], nil, one.Secrets[:1], web.WebhookTested
	gone.Row, gone.Deliveries, gone.Not = rows[3], deliveries[3:], true
	odd.Row = rows[1]
	form := web.NewWebhook{Board: office()}
	wrong, many := form, form
	wrong.Address, wrong.Types, wrong.Wrong = "http://example.com/"+longWord, []string{"pass.used"}, web.FieldURL
	many.Wrong = web.FlawMany
	return []Sample{
		{"webhooks", 200, list},
		{"webhooks_none", 200, none},
		{"webhook", 200, one},
		{"webhook_fresh", 200, fresh},
		{"webhook_gone", 409, gone},
		{"webhook_odd", 200, odd},
		{"webhook_new", 200, form},
		{"webhook_wrong", 422, wrong},
		{"webhook_many", 422, many},
		{"webhook_shown", 200, web.Shown{Board: office(), Webhook: 1, Name: rows[0].URL, Secret: "whsec_ThisIsShownOnceAndNeverAgain0123456789"}},
		{"webhook_remove", 200, web.RemoveWebhook{Hooks: shared, Row: rows[1]}},
	}
}
