package apihttp

import (
	"fmt"
	"maps"
	"net/http"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// planQuotas are requests a minute, as Zendesk documents them for the plans of its
// Suite. An account with another plan has no quota, and its answers say nothing
// of one.
var planQuotas = map[issuer.Plan]int{
	issuer.PlanTeam: 200, issuer.PlanGrowth: 400, issuer.PlanProfessional: 400, issuer.PlanEnterprise: 700,
	issuer.PlanEnterprisePlus: 2500,
}

// chatQuota is the quota of Chat's API, whatever the plan.
const chatQuota = 200

// Limit is a quota that an endpoint has of its own, beside the account's.
type Limit struct {
	Name string // in the header: "tickets-index"; empty: no header tells of it
	Most int    // requests; 0: no limit
	Plus int    // requests on Enterprise Plus, where those are more; 0: as many
	Per  time.Duration
	// Key tells apart what one account's requests are counted by, beside the
	// account itself.
	Key string
}

// quotas counts requests in windows of protocol time: a minute of the clock is
// one, since the first request to an endpoint was seen to be told that its quota
// resets in 41 seconds, and not in a minute (facts section 6.5). Each replica has
// its own: an account may call as often at each (design section 5).
type quotas struct {
	mu    sync.Mutex
	spent map[bucket]window
	swept time.Time // when those that ended were thrown away
}

type bucket struct {
	account issuer.AccountID
	product issuer.Product
	name    string // of the limit; empty: the account's own
	key     string
}

// window is how often something was asked for within one.
type window struct {
	begin, end time.Time
	used       int
}

// overQuota says that a request came too early.
type overQuota struct {
	wait     time.Duration
	endpoint bool // it is the endpoint's quota, and not the account's
}

func (e *overQuota) Error() string { return fmt.Sprintf("over a quota for %s", e.wait) }

// spend counts a request of an account and tells in its answer what is left. It
// counts whoever calls: Zendesk's quota is the account's.
func (a *API) spend(w http.ResponseWriter, account issuer.Account, route Route) error {
	most, limited := planQuotas[account.Plan]
	if !limited {
		return nil
	}
	p := route.product()
	if p == issuer.Chat {
		most = chatQuota
	}
	q, ok := a.quotas.spend(a.Issuer.Now(), bucket{account: account.ID, product: p}, most, time.Minute)
	q.SetHeaders(w.Header())
	if !ok {
		return &overQuota{wait: q.Reset}
	}
	return a.spendOf(w, account, p, route.Limit)
}

func (a *API) spendOf(w http.ResponseWriter, account issuer.Account, p issuer.Product, l Limit) error {
	if _, limited := planQuotas[account.Plan]; !limited || l.Most == 0 {
		return nil
	}
	most, per := l.Most, l.Per
	if account.Plan == issuer.PlanEnterprisePlus && l.Plus != 0 {
		most = l.Plus
	}
	if per == 0 {
		per = time.Minute
	}
	q, ok := a.quotas.spend(a.Issuer.Now(), bucket{account.ID, p, l.Name, l.Key}, most, per)
	if l.Name != "" {
		q.SetEndpointHeader(w.Header(), l.Name)
	}
	if !ok {
		return &overQuota{wait: q.Reset, endpoint: true}
	}
	return nil
}

// Spend counts a request against a limit that only the route can tell, because
// its key is in the path or in the body.
func (r Request) Spend(l Limit) error {
	return r.api.spendOf(r.writer, r.Account, r.product, l)
}

// spend takes one request out of a bucket; false when none was left in its window.
func (all *quotas) spend(now time.Time, b bucket, most int, per time.Duration) (q zendesk.Quota, ok bool) {
	begin := now.Truncate(per)
	all.mu.Lock()
	defer all.mu.Unlock()
	all.sweep(now)
	current := all.spent[b]
	if !current.begin.Equal(begin) { // time may have been set back, too
		current = window{begin: begin, end: begin.Add(per)}
	}
	if ok = current.used < most; ok {
		current.used++
	}
	all.spent[b] = current
	return zendesk.Quota{Limit: most, Remaining: most - current.used, Reset: current.end.Sub(now)}, ok
}

// sweep throws away the windows that ended, or that time has not reached any
// more, once a minute.
func (all *quotas) sweep(now time.Time) {
	minute := now.Truncate(time.Minute)
	if all.spent != nil && all.swept.Equal(minute) {
		return
	}
	if all.spent == nil {
		all.spent = map[bucket]window{}
	}
	all.swept = minute
	maps.DeleteFunc(all.spent, func(_ bucket, w window) bool { return !now.Before(w.end) || now.Before(w.begin) })
}

// writeTooMany answers a request over the account's quota, which is plain text.
func writeTooMany(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Zendesk-Api-Version", "v2")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte(zendesk.TooManyRequests))
}
