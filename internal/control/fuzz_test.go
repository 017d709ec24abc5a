package control

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func FuzzDuration(f *testing.F) {
	for _, s := range []string{"29m", "-1h", "1h30m5.5s", "9999999999h", "", "1", "٣s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var d, again Duration
		if d.UnmarshalText([]byte(text)) != nil {
			return
		}
		written, err := d.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalText(written); err != nil || again != d {
			t.Fatalf("%q became %s and then %s: %v", text, time.Duration(d), time.Duration(again), err)
		}
	})
}

func FuzzPart(f *testing.F) {
	for _, s := range []string{"5%", "0.05", "NaN", "-0", "1e-400%", "0x1p-2", "101%", "Inf%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if part, err := ParsePart(text); err == nil && !(part >= 0 && part <= 1) {
			t.Fatalf("%q is %v", text, part)
		}
	})
}

// FuzzFault: a rule that is taken can be asked about any request.
func FuzzFault(f *testing.F) {
	for _, s := range []string{
		`{"kind":"drop_after_commit","route":"POST /oauth/tokens","count":1}`, `{"kind":"latency","delay":"1s","probability":0.5,"seed":7}`,
		`{"kind":"html","route":"/{a}/{a}"}`, `{"kind":"html","route":"GET acme/"}`, `{"kind":"server_error","status":503,"retry_after":-1}`,
		`{"kind":"shortened_life","access_life":"-1s"}`, `{"kind":"html","route":"\u0000 /"}`, `{"kind":"latency","delay":"9999h"}`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var rule Fault
		if json.Unmarshal([]byte(body), &rule) != nil {
			return
		}
		faults := &Faults{}
		added, err := faults.Add(rule)
		if err != nil {
			return
		}
		if added.ID == 0 || added.Probability < 0 || added.Probability > 1 || time.Duration(added.Delay) > delayMost {
			t.Fatalf("%+v", added)
		}
		faults.pick(&visit{route: &http.Request{Method: http.MethodPost, URL: &url.URL{Path: "/oauth/tokens"}}})
		if _, err := json.Marshal(faults.List()); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzRow(f *testing.F) {
	for _, s := range []string{`[1,"a",null,{"base64":"AAE="}]`, `[1.5]`, `[{"base64":"!"}]`, `[9223372036854775808]`, `[[]]`, `null`, `[true]`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var row, again Row
		if json.Unmarshal(data, &row) != nil {
			return
		}
		written, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(written, &again); err != nil {
			t.Fatalf("%s: %v", written, err)
		}
		if diff := cmp.Diff(row, again); diff != "" {
			t.Fatal(diff)
		}
	})
}

// FuzzJournalQuery: any filter is answered or refused, and finds only what exists.
func FuzzJournalQuery(f *testing.F) {
	for _, q := range []string{
		"since=0&event=refresh.", "event=request.answered&account=acme&user_id=1", "user_id=x", "since=mark", "since=-1", "event=.", "fault=9223372036854775808", "status=2xx&route=/", "%zz",
	} {
		f.Add(q)
	}
	c := &Controls{Faults: &Faults{}, Journal: NewJournal(8, time.Now)}
	c.Journal.add(Entry{Event: RequestAnswered, Account: "acme", Status: 200})
	f.Fuzz(func(t *testing.T, query string) {
		r := httptest.NewRequest(http.MethodGet, "/journal", nil)
		r.Host, r.URL.RawQuery = "127.0.0.1", query
		if v := r.URL.Query(); v.Has("follow") {
			return // which goes on until its client leaves
		}
		w := httptest.NewRecorder()
		c.Handler().ServeHTTP(w, r)
		if w.Code != http.StatusOK && w.Code != http.StatusUnprocessableEntity || !json.Valid(w.Body.Bytes()) {
			t.Fatalf("%q: %d %s", query, w.Code, w.Body)
		}
	})
}
