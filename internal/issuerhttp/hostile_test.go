package issuerhttp_test

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/apidoc/contract"
	"github.com/deskauth/deskauth/zendesk"
	"github.com/deskauth/deskauth/zendesk/chat"
)

// These tests send every operation of the description what nobody should. The
// witness sees to it that none of it is a fault of ours or brings a secret back; the
// contract, that every answer is one that the operation has, and that what was
// taken is what it takes.

// hostile is a world with everything in it, and who may ask for what.
type hostile struct {
	*world
	ids map[string]string // of a record, by the path of all of them
}

func newHostile(t *testing.T, w *world) *hostile {
	t.Helper()
	w.plantChat()
	w.plantGlobal()
	h := &hostile{world: w, ids: map[string]string{zendesk.OAuthClientsPath: fmt.Sprint(w.oauthClient("acme", "bare").ID)}}
	admin := w.bearer(ada)
	chatBearer := h.bearer("chat")
	for _, made := range []struct{ path, bearer, body string }{
		{zendesk.APITokensPath, admin, `{"api_token":{"description":"one"}}`},
		{chat.ClientsPath, chatBearer, `{"name":"one"}`},
		{zendesk.TicketsPath, admin, `{"ticket":{"subject":"one","comment":{"body":"one"}}}`},
		{zendesk.RequestsPath, admin, `{"request":{"subject":"two","comment":{"body":"two"}}}`},
	} {
		r := w.api(made.bearer, http.MethodPost, made.path, made.body).want(http.StatusCreated)
		h.ids[made.path] = regexp.MustCompile(`"id":(\d+)`).FindStringSubmatch(r.Body)[1]
	}
	return h
}

// bearer is a new token that opens Support or Chat.
func (h *hostile) bearer(product string) string {
	h.t.Helper()
	if product == "chat" {
		return h.chatToken("acme.localhost", "grant_type", "client_credentials", "scope", "read write").pair().Access
	}
	return h.world.bearer(ada)
}

// headersFor are those of somebody who may call an operation.
func (h *hostile) headersFor(o contract.Operation) http.Header {
	h.t.Helper()
	switch {
	case strings.HasPrefix(o.Path, "/api/v2/chat/"):
		return header("Authorization", "Bearer "+h.bearer("chat"))
	case strings.HasPrefix(o.Path, "/api/v2/"):
		return header("Authorization", "Bearer "+h.bearer("support"))
	default:
		return http.Header{}
	}
}

var placeholder = regexp.MustCompile(`\{(id|token|audit|membership)\}`)

// target is an operation's path with the id of a record, or with one that no record
// has.
func (h *hostile) target(o contract.Operation) string {
	path := strings.TrimSuffix(o.Path, "{$}")
	all, _, _ := strings.Cut(path, "/{")
	id := h.ids[all]
	if id == "" {
		id = "999999"
	}
	return placeholder.ReplaceAllString(path, id)
}

func isAPI(o contract.Operation) bool { return strings.HasPrefix(o.Path, "/api/") }

// each runs f for every operation, in a world of each engine. What they do with hostile
// input is the same code on both: but for `make prove`, the second has every third.
func (h *hostile) each(f func(t *testing.T, o contract.Operation)) {
	for turn, o := range contract.Issuer().Operations() {
		if turn%3 != 0 && !h.thorough() {
			continue
		}
		began := time.Now()
		h.run(o.Method+" "+o.Path, func(t *testing.T) { f(t, o) })
		if took := time.Since(began); took > time.Minute {
			h.t.Errorf("%s took %s", o.ID, took)
		}
	}
}

func onHostile(t *testing.T, f func(h *hostile)) {
	onEachWith(t, options{Desk: true}, func(t *testing.T, w *world) { f(newHostile(t, w)) })
}

// refused asks, and fails the test unless the answer is a 4xx that left everything
// as it was.
func (h *hostile) refused(c call) *reply {
	h.t.Helper()
	before := h.rows()
	r := h.call(c)
	if r.Status/100 != 4 {
		h.t.Errorf("%s %.80q with %.80q was answered %d %.200s", c.Method, c.Target, c.Body, r.Status, r.Body)
	}
	h.unchanged(before)
	return r
}

// unread are bodies that are refused before anything in them comes near a database. No
// engine can change that: but for `make prove`, they go to the first alone.
func (h *hostile) unread(bodies ...string) []string {
	if h.thorough() {
		return bodies
	}
	return nil
}

// thorough tells whether this engine's world is sent everything.
func (h *hostile) thorough() bool {
	return strings.HasPrefix(h.dsn, "sqlite:") || os.Getenv("DESKAUTH_PROVE") == "1"
}

// A method that an address does not take.
func TestHostileMethods(t *testing.T) {
	h := newHostile(t, onSQLite(t, options{Desk: true}))
	h.each(func(t *testing.T, o contract.Operation) {
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"} {
			other, _ := contract.Issuer().Find(method, &url.URL{Path: h.target(o)})
			if other.ID != "" {
				continue
			}
			r := h.refused(call{Method: method, Target: h.target(o), Header: h.headersFor(o)})
			if want := map[bool]int{true: 404, false: 405}[isAPI(o)]; r.Status != want {
				t.Errorf("%s is answered %d, want %d", method, r.Status, want)
			}
		}
	})
}

// Nobody, and credentials that are none.
func TestHostileCredentials(t *testing.T) {
	h := newHostile(t, onSQLite(t, options{Desk: true}))
	h.each(func(t *testing.T, o contract.Operation) {
		if !isAPI(o) {
			return
		}
		for _, c := range []struct {
			name   string
			values []string
			query  string
			want   int
		}{
			{"an empty bearer", []string{"Bearer "}, "", 401},
			{"another bearer", []string{"Bearer " + randomText(40)}, "", 401},
			{"a huge bearer", []string{"Bearer " + strings.Repeat("x", 100_000)}, "", 401},
			{"a bearer of bytes", []string{"Bearer \xff\xfe"}, "", 401},
			{"a JWT of nobody", []string{"Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."}, "", 401},
			{"a bearer in the query", nil, "access_token=" + randomText(40), 401},
			{"two in the query", nil, "access_token=a&access_token=b", 400},
			{"one here and one there", []string{"Bearer " + randomText(40)}, "access_token=b", 400},
			{"two headers", []string{"Bearer a", "Bearer b"}, "", 400},
			{"a query that cannot be read", nil, "%zz", 400},
			{"Basic that is none", []string{"Basic !!!"}, "", 401},
			{"another scheme", []string{"Digest a"}, "", 401},
			{"no scheme", []string{randomText(40)}, "", 401},
		} {
			head := http.Header{"Authorization": c.values}
			if r := h.refused(call{Method: o.Method, Target: h.target(o) + "?" + c.query, Header: head}); r.Status != c.want {
				t.Errorf("%s: answered %d, want %d", c.name, r.Status, c.want)
			}
		}
		if o.ID != "showSelf" { // which shows an anonymous user
			if r := h.refused(call{Method: o.Method, Target: h.target(o)}); r.Status != 401 {
				t.Errorf("nobody is answered %d", r.Status)
			}
		}
	})
}

// Numbers that no record has, and what is none.
func TestHostileIDs(t *testing.T) {
	onHostile(t, func(h *hostile) {
		h.each(func(t *testing.T, o contract.Operation) {
			if !placeholder.MatchString(o.Path) {
				return
			}
			head := h.headersFor(o)
			in := contract.Issuer().Inputs(o)
			body := "{}"
			if in.Record != "" {
				body = `{"` + in.Record + `":{}}`
			}
			head.Set("Content-Type", "application/json")
			for _, id := range []string{
				"0", "-1", "+1", "00", "999999", "9223372036854775807", "9223372036854775808", strings.Repeat("9", 3000), "1.0", "1e3",
				"0x1", "x", "null", "%00", "1%00", "%ff", "%f0%9f%98%80", "%D9%A1", "1%2F2", "%20", "1%20", "%27%20OR%201=1--", "%7Bid%7D", "..%2f1",
			} {
				path := placeholder.ReplaceAllString(strings.TrimSuffix(o.Path, "{$}"), id)
				h.refused(call{Method: o.Method, Target: path, Header: head, Body: body})
			}
		})
	})
}

// Parameters of the query that are not what they should be.
func TestHostileQueries(t *testing.T) {
	onHostile(t, func(h *hostile) {
		h.each(func(t *testing.T, o contract.Operation) {
			head := h.headersFor(o)
			for _, name := range contract.Issuer().Inputs(o).Query {
				escaped := url.QueryEscape(name)
				for _, value := range []string{
					"x", "-1", "0", "1.5", "9223372036854775808", strings.Repeat("9", 3000), "%00", "a%00b", "%ff", "%F0%9F%98%80",
					"%27%20OR%201=1--", "[]", "{}", "null", "true", strings.Repeat("x", 5000),
				} {
					h.call(call{Method: o.Method, Target: h.target(o) + "?" + escaped + "=" + value, Header: head})
				}
				h.call(call{Method: o.Method, Target: h.target(o) + "?" + escaped, Header: head})
				h.call(call{Method: o.Method, Target: h.target(o) + "?" + escaped + "=1&" + escaped + "=2", Header: head})
				h.call(call{Method: o.Method, Target: h.target(o) + "?" + escaped + "[]=1&" + escaped + "[x]=2", Header: head})
			}
		})
	})
}

// Bodies that cannot be read, and records that are none.
func TestHostileBodies(t *testing.T) {
	onHostile(t, func(h *hostile) {
		h.each(func(t *testing.T, o contract.Operation) {
			in := contract.Issuer().Inputs(o)
			if in.Body != "application/json" || !isAPI(o) {
				return
			}
			head := h.headersFor(o)
			head.Set("Content-Type", in.Body)
			send := func(body string) *reply {
				return h.call(call{Method: o.Method, Target: h.target(o), Header: head, Body: body})
			}
			for _, body := range h.unread(
				"{", "[", "x", "{}x", "{}{}", `{"a":}`, `{'a':1}`, "{\"a\":1,}", "\x00", "\xff\xfe{\x00}\x00", "{\"a\":\"\x01\"}",
				strings.Repeat("[", 100_000), strings.Repeat(`{"a":`, 50_000), strings.Repeat("[", 20_000)+strings.Repeat("]", 20_000),
				`{"`+strings.Repeat("x", 1<<20)+`":1}`,
			) {
				h.refused(call{Method: o.Method, Target: h.target(o), Header: head, Body: body})
			}
			for _, body := range []string{"", "null", "[]", "1", `"x"`, "true", "{}", `{"a":1,"a":2}`, `{"":{}}`, `{"\u0000":{}}`} {
				send(body)
			}
			for _, kind := range h.unread("text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data", "a/b/c;;=", "application/json; charset=utf-16") {
				other := head.Clone()
				other.Set("Content-Type", kind)
				h.call(call{Method: o.Method, Target: h.target(o), Header: other, Body: `{"a":1}`})
			}
			within := func(record string) string {
				if in.Record == "" {
					return record
				}
				return `{"` + in.Record + `":` + record + `}`
			}
			for _, record := range []string{"null", "1", `"x"`, "[]", "[{}]", "true", "{}", `{"":1}`, `{"id":1}`} {
				send(within(record))
			}
			for _, member := range in.Members {
				for _, value := range hostileValues {
					send(within(fmt.Sprintf(`{%q:%s}`, member, value)))
				}
				send(within(fmt.Sprintf(`{%q:"a",%q:"b"}`, member, member)))
			}
		})
	})
}

// hostileValues are of every type, and at the borders of each.
var hostileValues = []string{
	"null", "true", "0", "-1", "1.5", "1e400", "9007199254740993", "9223372036854775808", `""`, `" "`, `"x"`, `"\u0000"`, `"a\u0000b"`,
	`"\ud800"`, "\"\xff\"", `"\u202e\u0007"`, `"9223372036854775808"`, `"` + strings.Repeat("ä", 3000) + `"`, "[]", "[null]", "[1]", `["\u0000"]`,
	`["",""]`, "[[]]", "{}", `{"id":"x"}`, `{"a":{"b":[]}}`, `{"body":"\u0000"}`, `{"body":1}`, `{"uploads":["x"]}`, strings.Repeat("[", 500) + strings.Repeat("]", 500),
	"[" + strings.Repeat(`"x",`, 2000) + `"x"]`,
}

// Forms, at the endpoints of OAuth.
func TestHostileForms(t *testing.T) {
	onHostile(t, func(h *hostile) {
		h.each(func(t *testing.T, o contract.Operation) {
			in := contract.Issuer().Inputs(o)
			if in.Body == "" || isAPI(o) {
				return
			}
			const form = "application/x-www-form-urlencoded"
			send := func(kind, body string) {
				h.refused(call{Method: o.Method, Target: h.target(o), Header: header("Content-Type", kind), Body: body})
			}
			good := "token=" + randomText(40) + "&grant_type=client_credentials&client_id=nobody&client_secret=" + randomText(40)
			for _, body := range h.unread("", "x", "%zz", "\x00", "\xff", "a=%00", "a=%ff", "{}", "[]", "null", "<a/>", good+"&"+good, strings.Repeat("a=b&", 50_000)) {
				send(form, body)
				send("application/json", body)
				send("text/plain", body)
				send("multipart/form-data; boundary=x", body)
			}
			for _, member := range in.Members {
				for _, value := range []string{"%00", "%ff", "%F0%9F%98%80", strings.Repeat("x", 9000), "1&" + member + "=2"} {
					fields, _ := url.ParseQuery(good)
					fields.Del(member)
					send(form, fields.Encode()+"&"+member+"="+value)
				}
				for _, value := range hostileValues {
					send("application/json", fmt.Sprintf(`{"client_id":"nobody","client_secret":"x","x":1,%q:%s}`, member, value))
				}
			}
		})
	})
}
