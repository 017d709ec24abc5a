package issuerhttp_test

import (
	"bufio"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/zendesk"
)

// What nobody should send. None of it is a fault of ours, none of it is stored, and
// none of it costs the code that came with it. The witness sees to it that no answer
// and no log line holds a secret of it.

func TestBadTokenRequests(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		code := w.code()
		good := `"grant_type":"authorization_code","code":"` + code + `","client_id":"app","client_secret":"` + appSecret + `","redirect_uri":"` + appCallback + `"`
		jsonType, formType := "application/json", "application/x-www-form-urlencoded"
		for _, c := range []struct {
			name, contentType, body string
			status                  int
			want                    string
		}{
			{"JSON that says it is a form", formType, "{" + good + "}", 400, invalidRequest},
			{"a form that says it is JSON", jsonType, grant(code).Encode(), 400, invalidRequest},
			{"XML", "application/xml", "<a>" + code + "</a>", 400, invalidRequest},
			{"plain text", "text/plain", grant(code).Encode(), 400, invalidRequest},
			{"multipart", "multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data; name=\"code\"\r\n\r\n" + code + "\r\n--x--", 400, invalidRequest},
			{"a type that cannot be read", "a/b/c;;=", grant(code).Encode(), 400, invalidRequest},
			{"JSON broken off", jsonType, "{" + good, 400, invalidRequest},
			{"two JSON objects", jsonType, "{" + good + "}{}", 400, invalidRequest},
			{"JSON and rubbish", jsonType, "{" + good + "}x", 400, invalidRequest},
			{"a JSON array", jsonType, "[{" + good + "}]", 400, invalidRequest},
			{"a JSON text", jsonType, `"` + code + `"`, 400, invalidRequest},
			{"JSON null", jsonType, "null", 400, invalidRequest},
			{"a JSON name twice", jsonType, "{" + good + `,"client_id":"app"}`, 400, invalidRequest},
			{"an unknown JSON name twice", jsonType, "{" + good + `,"x":1,"x":1}`, 400, invalidRequest},
			{"a JSON object for a text", jsonType, "{" + good + `,"scope":{"read":true}}`, 400, invalidRequest},
			{"deep JSON arrays", jsonType, "{" + good + `,"scope":` + strings.Repeat("[", 20000) + strings.Repeat("]", 20000) + "}", 400, invalidRequest},
			{"deep JSON objects", jsonType, "{" + good + `,"x":` + strings.Repeat(`{"x":`, 10000) + "1" + strings.Repeat("}", 10000) + "}", 400, invalidRequest},
			{"deep JSON without an end", jsonType, strings.Repeat("[", 60000), 400, invalidRequest},
			{"a huge number", jsonType, "{" + good + `,"expires_in":` + strings.Repeat("9", 5000) + "}", 400, invalidRequest},
			{"a JSON NUL", jsonType, "{" + good + `,"scope":"read\u0000"}`, 400, invalidRequest},
			{"a JSON name with a NUL", jsonType, "{" + good + `,"sco\u0000pe":"read"}`, 400, invalidRequest},
			{"a raw NUL in JSON", jsonType, "{" + good + ",\"scope\":\"read\x00\"}", 400, invalidRequest},
			{"JSON that is not UTF-8", jsonType, "{" + good + ",\"scope\":\"\xff\"}", 400, invalidRequest},
			{"JSON in UTF-16", jsonType, "\xff\xfe{\x00}\x00", 400, invalidRequest},
			{"a form with a NUL", formType, grant(code).Encode() + "&scope=read%00", 400, invalidRequest},
			{"a form that is not UTF-8", formType, grant(code).Encode() + "&scope=%ff", 400, invalidRequest},
			{"a form that is no percent-encoding", formType, grant(code).Encode() + "&scope=%zz", 400, invalidRequest},
			{"a form with semicolons", formType, strings.ReplaceAll(grant(code).Encode(), "&", ";"), 400, invalidRequest},
			{"raw bytes", formType, "\x00\x01\xff", 400, invalidRequest},
			{"a value too long", formType, grant(code).Encode() + "&scope=" + strings.Repeat("x", 8193), 400, invalidRequest},
			{"a name too long", formType, grant(code).Encode() + "&" + strings.Repeat("x", 8193) + "=1", 400, invalidRequest},
			{"a secret that is no text of ours", formType, grant(code, "client_secret", "\u202e\u0001’ä-secret").Encode(), 401, invalidClient},
			{"a client of the longest name", formType, grant(code, "client_id", randomText(8192)).Encode(), 401, invalidClient},
			{"a code of the longest kind", formType, grant(randomText(8192)).Encode(), 400, invalidGrant},
			{"a refresh token of the longest kind", formType, renewal(randomText(8192)).Encode(), 400, invalidGrant},
			{"SQL", formType, grant("' OR 1=1 --").Encode(), 400, invalidGrant},
			{"a scope of many words", formType, grant("no-such-code-000", "scope", strings.Repeat("x ", 4000)).Encode(), 400, invalidGrant},
			{"more than 64 KiB", formType, grant(code).Encode() + "&x=" + strings.Repeat("x", 64<<10), 413, invalidRequest},
			{"1 MiB", formType, strings.Repeat("x", 1<<20), 413, invalidRequest},
			{"1 MiB of JSON", jsonType, `{"x":"` + strings.Repeat("x", 1<<20) + `"}`, 413, invalidRequest},
			{"many parameters", formType, grant(code).Encode() + strings.Repeat("&x=1", 10000), 400, invalidRequest},
		} {
			w.run(c.name, func(t *testing.T) {
				before := w.rows()
				r := w.call(call{Method: http.MethodPost, Target: zendesk.TokenPath, Header: header("Content-Type", c.contentType), Body: c.body})
				r.wantBody(c.status, c.want)
				r.wantOAuthHeaders()
				w.unchanged(before)
			})
		}
		for _, h := range []http.Header{
			header("Content-Type", jsonType, "Content-Type", formType),
			header("Authorization", "Basic YTpi", "Authorization", "Basic YTpi"),
			header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("app:%00"))),
			header("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte("app:"+randomText(9000)))),
		} {
			w.call(call{Method: http.MethodPost, Target: zendesk.TokenPath, Header: h, Body: grant(code, "client_secret", absent).Encode()}).wantBody(400, invalidRequest)
		}
		w.token(grant(code)).pair()
	})
}

// Pages are no different.
func TestBadForms(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		b := w.as(ada)
		page := b.authorize(request())
		allow := form(web.FieldTicket, page.hidden(web.FieldTicket), web.FieldDecision, web.DecisionAllow).Encode()
		cookie := w.cookie(b)
		for _, c := range []struct {
			name, target, contentType, body string
		}{
			{"a decision that is no form", consentPath, "application/json", `{"decision":"allow"}`},
			{"a decision that cannot be read", consentPath, "", allow + "&x=%zz"},
			{"a decision of 1 MiB", consentPath, "", allow + "&x=" + strings.Repeat("x", 1<<20)},
			{"a decision in the query", consentPath + "?" + allow, "", "x=y"},
			{"a query that cannot be read", consentPath + "?%zz", "", allow},
			{"a type that cannot be read", consentPath, "a/b/c;;=", allow},
			{"a sign-in that cannot be read", signInPath, "", "email=%zz"},
			{"a sign-in of 1 MiB", signInPath, "", "email=" + strings.Repeat("x", 1<<20)},
			{"a sign-in that is multipart", signInPath, "multipart/form-data; boundary=x", "--x--"},
			{"a sign-in by JSON", signInPath, "application/json", `{"email":"` + ada + `","password":"` + adaPassword + `"}`},
			{"a sign-out that cannot be read", signOutPath, "", "next=%zz"},
		} {
			w.run(c.name, func(t *testing.T) {
				before := w.rows()
				h := header("Cookie", cookie)
				if c.contentType != "" {
					h.Set("Content-Type", c.contentType)
				}
				r := w.call(call{Method: http.MethodPost, Target: c.target, Header: h, Body: c.body})
				if r.Status/100 != 4 || !strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
					t.Errorf("%d %s", r.Status, r.Body)
				}
				w.unchanged(before)
			})
		}
		for _, junk := range []string{"deskauth_issuer_session=", "deskauth_issuer_session=" + randomText(3000), "deskauth_issuer_session=\"a b\"; x=\xff", "=;=;"} {
			w.call(call{Target: zendesk.AuthorizePath + "?" + request().Encode(), Header: header("Cookie", junk)}).wantPage(200, signInPage)
		}
	})
}

// What no HTTP library would send goes over a plain connection.
func TestBadConnections(t *testing.T) {
	w := onSQLite(t, options{})
	head := func(method, path string) string {
		return method + " " + path + " HTTP/1.1\r\nHost: acme.localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	}
	for _, c := range []struct {
		name, sent string
		want       int
	}{
		// The answer must come while the client is still sending.
		{"a body that stops beyond the limit", head("POST", zendesk.TokenPath) + "Transfer-Encoding: chunked\r\n\r\n" + chunk(64<<10+1), 413},
		{"a form that stops beyond the limit", head("POST", signInPath) + "Transfer-Encoding: chunked\r\n\r\n" + chunk(64<<10+1), 400},
		{"a length beyond the limit, and no body", head("POST", zendesk.TokenPath) + "Content-Length: 99999999\r\n\r\n" + strings.Repeat("x", 64<<10+1), 413},
		{"a chunk that is none", head("POST", zendesk.TokenPath) + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
		{"a chunk that is none, of a form", head("POST", signInPath) + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
		{"no host", "POST " + zendesk.TokenPath + " HTTP/1.1\r\n\r\n", 400},
		{"no host, as HTTP/1.0 may", "GET / HTTP/1.0\r\n\r\n", 404},
		{"two hosts", head("GET", "/") + "Host: globex.localhost\r\n\r\n", 400},
		{"another host in the request line", "GET http://evil.example/ HTTP/1.1\r\nHost: acme.localhost\r\n\r\n", 404},
		{"no HTTP", "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400},
		{"a folded header", head("GET", "/") + "X: a\r\n b\x00\r\n\r\n", 400},
		{"headers too long", head("GET", "/") + "X: " + strings.Repeat("x", 2<<20) + "\r\n\r\n", 431},
		{"a path that leads up", head("GET", "/../../etc/passwd") + "\r\n", 307},
		{"a NUL in the path", head("GET", "/%00") + "\r\n", 404},
		{"not UTF-8 in the path", head("GET", "/%ff%fe") + "\r\n", 404},
		{"an unknown method", head("BREW", zendesk.TokenPath) + "\r\n", 405},
		{"an unknown method on a page", head("BREW", "/") + "Sec-Fetch-Site: same-origin\r\n\r\n", 405},
	} {
		w.run(c.name, func(t *testing.T) {
			before := w.rows()
			if got := w.rawStatus(c.sent); got != c.want {
				t.Errorf("answered %d, want %d", got, c.want)
			}
			w.unchanged(before)
		})
	}
}

func chunk(n int) string { return fmt.Sprintf("%x\r\n%s\r\n", n, strings.Repeat("x", n)) }

// rawStatus sends bytes and keeps the connection open, as a client that has not finished
// does, and returns the status that is answered.
func (w *world) rawStatus(sent string) int {
	w.t.Helper()
	conn, err := net.Dial("tcp", w.server.Listener.Addr().String())
	if err != nil {
		w.t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		w.t.Fatal(err)
	}
	go io.WriteString(conn, sent) // the server may hang up before it has read all
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		w.t.Errorf("no answer: %v", err)
		return 0
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// endless is a body that never ends. It counts what was taken of it.
type endless struct{ taken atomic.Int64 }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.taken.Add(int64(len(p)))
	return len(p), nil
}

func TestEndlessBodies(t *testing.T) {
	w := onSQLite(t, options{})
	for target, want := range map[string]int{zendesk.TokenPath: 413, signInPath: 400, consentPath: 400, "/no/such": 404, zendesk.UsersMePath: 404} {
		body := &endless{}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://acme.localhost"+target, io.NopCloser(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := w.client(nil).Do(r)
		if err != nil {
			t.Errorf("%s: %v", target, err) // the answer came, though not all was taken
			continue
		}
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: %d, want %d", target, resp.StatusCode, want)
		}
		if taken := body.taken.Load(); taken > 32<<20 {
			t.Errorf("%s: %d bytes were taken", target, taken)
		}
	}
}

// A fault of ours is said in the words of the surface, and says a request id alone.
func TestPanics(t *testing.T) {
	w := onSQLite(t, options{})
	w.panics = true
	w.token(grant(w.code())).pair() // consent is skipped from now on
	body, session := grant(w.code()).Encode(), w.cookie(w.as(ada))
	w.issuer.Rand = strings.NewReader("") // without randomness nothing goes on
	ask := func(method, target, body string) *reply {
		r, err := http.NewRequestWithContext(t.Context(), method, w.server.URL+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "acme.localhost"
		r.Header = header("Cookie", session, "Content-Type", "application/x-www-form-urlencoded")
		return w.send(w.server.Client(), r) // past the witness, who takes no 500
	}
	r := ask(http.MethodPost, zendesk.TokenPath, body)
	r.wantBody(500, `{"error":"server_error","error_description":"Something went wrong. Request `+r.Header.Get("X-Request-Id")+`."}`)
	r.wantOAuthHeaders()
	r = ask(http.MethodGet, zendesk.AuthorizePath+"?"+request().Encode(), "")
	r.wantPage(500, "Something went wrong on our side ·")
	if !strings.Contains(r.Body, r.Header.Get("X-Request-Id")) || w.secrets.within(r.Body) != "" {
		t.Errorf("the page says the wrong things:\n%s", r.Body)
	}
}

// Nothing that opens anything stands in the database in the clear.
func TestDatabaseHoldsNoSecret(t *testing.T) {
	onEach(t, func(t *testing.T, w *world) {
		w.browser("acme.localhost").post(signInPath, credentials(ada, adaPassword))
		first := w.token(grant(w.code())).pair()
		w.token(renewal(first.Refresh)).pair()
		w.code()
		all := w.dump()
		if name := w.secrets.within(all); name != "" {
			t.Errorf("the database holds %s", name)
		}
		signature := first.Access[strings.LastIndexByte(first.Access, '.')+1:]
		if !strings.Contains(all, signature[:10]) {
			t.Error("the dump does not even hold the hint of a token")
		}
	})
}

func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, table := range []string{
		"issuer_accounts", "issuer_users", "issuer_clients", "issuer_client_secrets", "issuer_sessions",
		"issuer_codes", "issuer_tokens", "issuer_failures", "issuer_events",
	} {
		w.dumpTable(&b, table)
	}
	return b.String()
}

func (w *world) dumpTable(b *strings.Builder, table string) {
	w.t.Helper()
	rows, err := w.raw.QueryContext(w.t.Context(), `SELECT * FROM `+table)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		w.t.Fatal(err)
	}
	for rows.Next() {
		values, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			w.t.Fatal(err)
		}
		fmt.Fprintf(b, "%s %s\n", table, values)
	}
	if err := rows.Err(); err != nil {
		w.t.Fatal(err)
	}
}
