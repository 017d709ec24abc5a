package apihttp

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/deskauth/deskauth/zendesk"
)

// What a request brings to every route: none of it panics, and what is refused is
// refused in the words of the API.

func fuzzRequest(query, contentType, body string) Request {
	r := httptest.NewRequest(http.MethodPost, "/api/v2/things", strings.NewReader(body))
	r.URL.RawQuery = query
	r.Header.Set("Content-Type", contentType)
	return Request{Request: r, Base: "http://acme.localhost", writer: httptest.NewRecorder(), query: r.URL.Query(), action: "api/v2/things/create"}
}

func wantRefusal(t *testing.T, err error) {
	t.Helper()
	if known := translate(err); err != nil && (known == nil || known.Status()/100 != 4) {
		t.Fatalf("a fault of the client is none of the API's refusals: %v", err)
	}
}

func FuzzCredentials(f *testing.F) {
	f.Add("Bearer t", "")
	f.Add("", "access_token=t")
	f.Add("Basic YTpi", "access_token=t&access_token=u")
	f.Add("bearer", "%zz")
	f.Fuzz(func(t *testing.T, authorization, query string) {
		r := httptest.NewRequest(http.MethodGet, "/api/v2/things", nil)
		r.URL.RawQuery = query
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		token, scheme, err := credentials(r)
		wantRefusal(t, err)
		if err == nil && scheme == "" && authorization != "" && !strings.HasPrefix(authorization, " ") {
			t.Fatalf("whoever sent %q passes for nobody", authorization)
		}
		if err != nil && !token.IsZero() {
			t.Fatal("refused, and yet a token")
		}
	})
}

func FuzzCursor(f *testing.F) {
	f.Add("", false)
	f.Add(*cursor(17, false), false)
	f.Add(*cursor(1<<53, true), true)
	f.Add("AWEAAAAAAAAAEQ", true)
	f.Fuzz(func(t *testing.T, text string, descending bool) {
		id, ok := cursorFrom(text, descending)
		switch {
		case !ok || text == "":
			return
		case id <= 0:
			t.Fatalf("%q is the row %d", text, id)
		case *cursor(id, descending) != text:
			t.Fatalf("%q is another way to write the row %d", text, id)
		}
		if _, ok := cursorFrom(text, !descending); ok {
			t.Fatalf("%q is of both orders", text)
		}
	})
}

func FuzzPage(f *testing.F) {
	for _, q := range []string{
		"", "page=2&per_page=10", "page[size]=2", "page[size]=0", "page[after]=x", "page[after]=" + *cursor(3, false), "page=-1&per_page=-1",
		"page=99999999999999999999", "sort=-id&page[size]=100", "page=101", "per_page=%00", "page[before]=&page[after]=",
	} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if _, err := url.ParseQuery(query); err != nil {
			return
		}
		p, err := fuzzRequest(query, "", "").Page()
		wantRefusal(t, err)
		if err != nil {
			return
		}
		if p.Limit < 1 || p.Limit > zendesk.MaxPageSize || p.Offset < 0 || p.Offset+p.Limit > zendesk.MaxOffsetRecords || p.After < 0 || p.Before < 0 {
			t.Fatalf("%q is %+v", query, p.Range)
		}
		for _, link := range []*string{p.linked("http://a", 1, 2, true)[1].value.(zendesk.PageLinks).Next, p.with("http://a", "page", "2")} {
			if link == nil {
				continue
			}
			if _, err := url.Parse(*link); err != nil || strings.ContainsAny(*link, " \n\x00") {
				t.Fatalf("%q leads to %q: %v", query, *link, err)
			}
		}
	})
}

func FuzzParams(f *testing.F) {
	for _, body := range []string{
		`{"thing":{"name":"a","number":1,"on":true,"list":["a",null],"inner":{"name":"b"},"x":1}}`, `{"thing":{"number":"7","list":"a"}}`,
		`{"thing":{"number":1e999,"on":"yes"}}`, `{"thing":null}`, `{"thing":[]}`, `[]`, `{`, `{"thing":{"name":"\u0000\ud800"}}`, `{"thing":{"\n":1}}`,
	} {
		f.Add("application/json", body)
	}
	f.Add("text/plain", `{}`)
	f.Fuzz(func(t *testing.T, contentType, body string) {
		req := fuzzRequest("", contentType, body)
		p, err := req.Params("thing")
		wantRefusal(t, err)
		if err == nil {
			p.Text("name")
			p.Number("number")
			p.Bool("on")
			p.Texts("list")
			if inner := p.Object("inner"); inner != nil {
				inner.Text("name")
				wantRefusal(t, inner.Err())
			}
			wantRefusal(t, p.Err())
		}
		for _, warned := range req.writer.Header().Values(warnHeader) {
			if len(warned) > 4096 || strings.ContainsFunc(warned, func(c rune) bool { return c < ' ' || c > '~' }) {
				t.Fatalf("the header %q", warned)
			}
		}
		top, err := fuzzRequest("", contentType, body).TopParams()
		wantRefusal(t, err)
		if err == nil {
			top.Number("number")
			wantRefusal(t, top.Err())
		}
	})
}

// FuzzHostname: a name is the same with a port, in capitals, and with the dot of
// the root.
func FuzzHostname(f *testing.F) {
	for _, s := range []string{"acme.localhost:4000", "ACME.localhost.", "127.0.0.1", "[::1]:80", "[::1", "[acme.localhost]", "::1", ":", "a:b:c", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, host string) {
		name, isAddress := hostname(host)
		if isAddress && strings.ContainsAny(name, "/@") {
			t.Fatalf("%q is the address %q", host, name)
		}
		if strings.ContainsFunc(host, func(c rune) bool { return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789-.", c) }) ||
			strings.HasSuffix(host, ".") {
			return
		}
		for _, same := range []string{host + ":80", strings.ToUpper(host), host + ".", strings.ToUpper(host) + ".:443"} {
			if again, alsoAddress := hostname(same); again != name || alsoAddress != isAddress {
				t.Fatalf("%q is %q, and %q is %q", host, name, same, again)
			}
		}
	})
}
