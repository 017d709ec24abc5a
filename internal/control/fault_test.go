package control

import (
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/oauth"
)

// refresh is a request that every kind of fault can disturb.
func refresh() *visit {
	return &visit{
		route:   &http.Request{Method: "POST", URL: &url.URL{Path: "/oauth/tokens"}},
		account: issuer.Account{Subdomain: "acme"}, product: issuer.Support, client: "app", grant: oauth.GrantRefreshToken,
		mints: true, hasToken: true, hints: []string{"0123456789", "abcdefghij"}, user: 7,
	}
}

func TestFaultConcerns(t *testing.T) {
	for name, tt := range map[string]struct {
		fault Fault
		want  bool
	}{
		"any":                    {Fault{}, true},
		"its route":              {Fault{Route: "POST /oauth/tokens"}, true},
		"its path":               {Fault{Route: "/oauth/tokens"}, true},
		"a subtree":              {Fault{Route: "/oauth/"}, true},
		"everything":             {Fault{Route: "/"}, true},
		"a wildcard":             {Fault{Route: "POST /oauth/{what}"}, true},
		"another method":         {Fault{Route: "GET /oauth/tokens"}, false},
		"another path":           {Fault{Route: "POST /oauth/tokens/current"}, false},
		"another subtree":        {Fault{Route: "/api/v2/"}, false},
		"its account":            {Fault{Account: "acme"}, true},
		"another account":        {Fault{Account: "globex"}, false},
		"its client":             {Fault{Client: "app"}, true},
		"another client":         {Fault{Client: "ap"}, false},
		"its product":            {Fault{Product: issuer.Support}, true},
		"another product":        {Fault{Product: issuer.Chat}, false},
		"its grant":              {Fault{Grant: oauth.GrantRefreshToken}, true},
		"another grant":          {Fault{Grant: oauth.GrantPassword}, false},
		"its refresh token":      {Fault{Token: "0123456789"}, true},
		"its access token":       {Fault{Token: "abcdefghij"}, true},
		"another token":          {Fault{Token: "0123456788"}, false},
		"all of it but one":      {Fault{Route: "/oauth/tokens", Account: "acme", Client: "app", Token: "x"}, false},
		"all of it and the last": {Fault{Route: "/oauth/tokens", Account: "acme", Client: "app", Token: "0123456789"}, true},
	} {
		tt.fault.Kind = RefuseBeforeCommit
		r, err := newRule(tt.fault)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := r.concerns(refresh()); got != tt.want {
			t.Errorf("%s: %v, want %v", name, got, tt.want)
		}
	}
}

// A rule is not spent on a request that has nothing it could act on.
func TestFaultFits(t *testing.T) {
	call := refresh()
	call.mints = false
	nobody := &visit{route: call.route, product: issuer.Support}
	for kind, want := range map[Kind][2]bool{
		Latency: {true, true}, DropAfterCommit: {true, true},
		NarrowedScope: {false, false}, ShortenedLife: {false, false},
		RevokeNow: {true, false}, DeleteClient: {true, false}, SuspendUser: {true, false},
	} {
		if got := [2]bool{kind.fits(call), kind.fits(nobody)}; got != want {
			t.Errorf("%s: %v, want %v", kind, got, want)
		}
		if !kind.fits(refresh()) {
			t.Errorf("%s does not fit a refresh", kind)
		}
	}
}

func TestFaultsRefused(t *testing.T) {
	for field, faults := range map[string][]Fault{
		"kind":         {{}, {Kind: "lateness"}},
		"probability":  {{Kind: HTML, Probability: -0.1}, {Kind: HTML, Probability: 1.1}, {Kind: HTML, Probability: nan()}},
		"count":        {{Kind: HTML, Count: -1}},
		"product":      {{Kind: HTML, Product: "talk"}},
		"delay":        {{Kind: Latency}, {Kind: SlowBody}, {Kind: Latency, Delay: -1}, {Kind: Latency, Delay: Duration(time.Hour)}},
		"status":       {{Kind: HTML, Status: 42}, {Kind: HTML, Status: 600}, {Kind: ServerError, Status: 404}},
		"retry_after":  {{Kind: TooManyRequests, RetryAfter: -2}},
		"access_life":  {{Kind: ShortenedLife}, {Kind: ShortenedLife, AccessLife: -1}},
		"refresh_life": {{Kind: ShortenedLife, RefreshLife: -1}},
		"grant_type":   {{Kind: HTML, Grant: "refresh"}},
		"route":        {{Kind: HTML, Route: "POST"}, {Kind: HTML, Route: "oauth"}, {Kind: HTML, Route: "/{"}, {Kind: HTML, Route: "PO ST /"}},
	} {
		for _, f := range faults {
			_, err := (&Faults{}).Add(f)
			var invalid *Invalid
			if !errors.As(err, &invalid) || invalid.Field != field {
				t.Errorf("%+v: %v, want the field %s", f, err, field)
			}
		}
	}
}

// The same seed disturbs the same requests; another one others; and about as many
// as the probability says.
func TestFaultDiceFallAgain(t *testing.T) {
	const requests = 1000
	throw := func(f Fault) (hits []int) {
		var s Faults
		if _, err := s.Add(f); err != nil {
			t.Fatal(err)
		}
		for n := range requests {
			if len(s.pick(refresh())) > 0 {
				hits = append(hits, n)
			}
		}
		return hits
	}
	first := throw(Fault{Kind: HTML, Probability: 0.2, Seed: 42})
	if len(first) < requests*15/100 || len(first) > requests*25/100 {
		t.Errorf("%d of %d hit, want about a fifth", len(first), requests)
	}
	if again := throw(Fault{Kind: HTML, Probability: 0.2, Seed: 42}); !slices.Equal(first, again) {
		t.Error("the same seed hit others")
	}
	if other := throw(Fault{Kind: HTML, Probability: 0.2, Seed: 43}); slices.Equal(first, other) {
		t.Error("another seed hit the same")
	}
	if counted := throw(Fault{Kind: HTML, Probability: 0.2, Seed: 42, Count: 3}); !slices.Equal(first[:3], counted) {
		t.Errorf("of three, hit %v, want %v", counted, first[:3])
	}
}

func TestFaultsBendTogether(t *testing.T) {
	got := bent([]Fault{
		{Kind: ShortenedLife, AccessLife: Duration(time.Minute)},
		{Kind: ShortenedLife, AccessLife: Duration(time.Hour), RefreshLife: Duration(time.Hour)},
		{Kind: NarrowedScope, Scope: "read"},
	})
	if got.Access != time.Minute || got.Refresh != time.Hour || got.Narrow.String() != "read" {
		t.Errorf("bent %+v", got)
	}
	if got := bent([]Fault{{Kind: NarrowedScope}}); got.Narrow == nil || len(got.Narrow) != 0 {
		t.Errorf("narrowed to nothing: %#v", got.Narrow)
	}
	if got := bent([]Fault{{Kind: Latency, Delay: 1}}); got.Narrow != nil || got.Access != 0 {
		t.Errorf("what is no decision bends: %+v", got)
	}
}

// A demo under chaos disturbs about the part that was asked, by every kind of the
// mix, and the same requests with the same seed.
func TestChaos(t *testing.T) {
	const requests, part = 4000, 0.05
	under := func(seed uint64) (disturbed map[int]Kind) {
		var s Faults
		for _, f := range Chaos(part, seed) {
			if _, err := s.Add(f); err != nil {
				t.Fatal(err)
			}
		}
		disturbed = map[int]Kind{}
		for n := range requests {
			for _, f := range s.pick(refresh()) {
				disturbed[n] = f.Kind
			}
		}
		return disturbed
	}
	first := under(1)
	kinds := map[Kind]bool{}
	for _, k := range first {
		kinds[k] = true
	}
	if share := float64(len(first)) / requests; share < part*0.7 || share > part*1.3 || len(kinds) != 4 {
		t.Errorf("%.1f %% disturbed, by %v", share*100, kinds)
	}
	if again := under(1); !maps.Equal(first, again) {
		t.Error("the same seed disturbed others")
	}
	if other := under(2); maps.Equal(first, other) {
		t.Error("another seed disturbed the same")
	}
}

func TestParsePart(t *testing.T) {
	for text, want := range map[string]float64{"5%": 0.05, "0.05": 0.05, "0": 0, "100%": 1, " 1 ": 1} {
		if got, err := ParsePart(text); err != nil || got != want {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "101%", "-1%", "NaN", "five", "%"} {
		if got, err := ParsePart(text); err == nil {
			t.Errorf("%q: %v, want an error", text, got)
		}
	}
}
