package apihttp

import (
	"fmt"
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
}

// chatQuota is the quota of Chat's API, whatever the plan.
const chatQuota = 200

// Limit is a quota that an endpoint has of its own, beside the account's.
type Limit struct {
	Name      string // in the header: "tickets-index"
	PerMinute int    // 0: none
}

// quotas counts requests in protocol time. Each replica has its own: an account
// may call as often at each (design section 5).
type quotas struct {
	mu sync.Mutex
	// spent is when a bucket will be full again: the virtual scheduling of the
	// generic cell rate algorithm (ITU-T I.371).
	spent map[bucket]time.Time
}

type bucket struct {
	account issuer.AccountID
	product issuer.Product
	name    string // of the endpoint; empty: the account's own
}

// overQuota says that a request came too early.
type overQuota struct {
	wait     time.Duration
	endpoint string
}

func (e *overQuota) Error() string {
	return fmt.Sprintf("over the quota of %q for %s", e.endpoint, e.wait)
}

// spend counts a request of an account and tells in its answer what is left. It
// counts whoever calls: Zendesk's quota is the account's.
func (a *API) spend(w http.ResponseWriter, account issuer.Account, route Route) error {
	perMinute, limited := planQuotas[account.Plan]
	if !limited {
		return nil
	}
	now, p := a.Issuer.Now(), route.product()
	if p == issuer.Chat {
		perMinute = chatQuota
	}
	q, wait := a.quotas.spend(now, bucket{account: account.ID, product: p}, perMinute)
	q.SetHeaders(w.Header())
	if wait > 0 {
		return &overQuota{wait: wait}
	}
	if route.Limit.PerMinute == 0 {
		return nil
	}
	q, wait = a.quotas.spend(now, bucket{account.ID, p, route.Limit.Name}, route.Limit.PerMinute)
	q.SetEndpointHeader(w.Header(), route.Limit.Name)
	if wait > 0 {
		return &overQuota{wait: wait, endpoint: route.Limit.Name}
	}
	return nil
}

// spend takes one request out of a bucket, which fills up evenly and holds a
// minute's worth; wait is zero when it had one.
func (all *quotas) spend(now time.Time, b bucket, perMinute int) (q zendesk.Quota, wait time.Duration) {
	each := time.Minute / time.Duration(perMinute)
	all.mu.Lock()
	defer all.mu.Unlock()
	full := all.spent[b]
	if full.Before(now) || full.Sub(now) > time.Minute { // the latter when time was set back
		full = now
	}
	next := full.Add(each)
	if over := next.Sub(now) - time.Minute; over > 0 {
		wait = over
	} else {
		full = next
		if all.spent == nil {
			all.spent = map[bucket]time.Time{}
		}
		all.spent[b] = full
	}
	left := time.Minute - full.Sub(now)
	return zendesk.Quota{Limit: perMinute, Remaining: int(left / each), Reset: full.Sub(now)}, wait
}

// writeTooMany answers a request over the account's quota, which is plain text.
func writeTooMany(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Zendesk-Api-Version", "v2")
	w.WriteHeader(http.StatusTooManyRequests)
	_, _ = w.Write([]byte(zendesk.TooManyRequests))
}
