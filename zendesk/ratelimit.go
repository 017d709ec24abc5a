package zendesk

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Quota is how much of a limit is left.
type Quota struct {
	Limit     int           // requests in a window, mostly a minute
	Remaining int           // of them in this one
	Reset     time.Duration // until the next one begins
}

// SetHeaders tells of an account's quota as Zendesk does: by all the names under
// which it ever did (facts section 6.5). Times are whole seconds.
func (q Quota) SetHeaders(h http.Header) {
	limit, remaining, reset := strconv.Itoa(q.Limit), strconv.Itoa(q.Remaining), strconv.Itoa(wholeSeconds(q.Reset))
	for _, set := range []struct{ name, value string }{
		{"X-Rate-Limit", limit},
		{"X-Rate-Limit-Remaining", remaining},
		{"Rate-Limit", limit},
		{"Rate-Limit-Remaining", remaining},
		{"Rate-Limit-Reset", reset},
		{"Ratelimit-Limit", limit},
		{"Ratelimit-Remaining", remaining},
		{"Ratelimit-Reset", reset},
	} {
		h.Set(set.name, set.value)
	}
}

// SetEndpointHeader tells of the quota of one endpoint: "tickets-index".
func (q Quota) SetEndpointHeader(h http.Header, endpoint string) {
	h.Set("Zendesk-Ratelimit-"+endpoint, fmt.Sprintf("total=%d; remaining=%d; resets=%d", q.Limit, q.Remaining, wholeSeconds(q.Reset)))
}

// RetryAfter is the value of that header: whole seconds, at least one.
func RetryAfter(wait time.Duration) string { return strconv.Itoa(max(wholeSeconds(wait), 1)) }

func wholeSeconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }

// TooManyRequests is the body of a 429 for an account that spent its quota. It is
// plain text, which clients that expect JSON stumble over, as was seen.
const TooManyRequests = "Number of allowed API requests per minute exceeded"

// EndpointRateLimited is for an endpoint with a quota of its own. That one was
// seen to be JSON.
var EndpointRateLimited = Refusal{
	status: http.StatusTooManyRequests,
	body:   `{"error":"APIRateLimitExceeded","description":"` + TooManyRequests + `"}`,
}

// ParseQuota reads what an answer says of the account's quota, under any of the names
// that SetHeaders writes; false when it says nothing. Reset is 0 where only the oldest
// names are there: they never said it.
func ParseQuota(h http.Header) (q Quota, ok bool) {
	for _, prefix := range []string{"Ratelimit-", "Rate-Limit-", "X-Rate-Limit-"} {
		limit := h.Get(prefix + "Limit")
		if limit == "" {
			limit = h.Get(strings.TrimSuffix(prefix, "-"))
		}
		most, wrong := strconv.Atoi(limit)
		left, bad := strconv.Atoi(h.Get(prefix + "Remaining"))
		if wrong != nil || bad != nil || most < 0 || left < 0 {
			continue
		}
		return Quota{Limit: most, Remaining: left, Reset: seconds(h.Get(prefix + "Reset"))}, true
	}
	return Quota{}, false
}

const endpointPrefix = "Zendesk-Ratelimit-"

// ParseEndpointQuotas reads what an answer says of the quotas of endpoints, by their
// names in small letters: "tickets-index".
func ParseEndpointQuotas(h http.Header) map[string]Quota {
	var all map[string]Quota
	for name := range h {
		endpoint, ok := strings.CutPrefix(name, endpointPrefix)
		if !ok || endpoint == "" {
			continue
		}
		q, ok := parseEndpointQuota(h.Get(name))
		if !ok {
			continue
		}
		if all == nil {
			all = map[string]Quota{}
		}
		all[strings.ToLower(endpoint)] = q
	}
	return all
}

// parseEndpointQuota reads "total=100; remaining=99; resets=41".
func parseEndpointQuota(text string) (q Quota, ok bool) {
	found := 0
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 {
			continue
		}
		switch name {
		case "total":
			q.Limit = n
		case "remaining":
			q.Remaining = n
		case "resets":
			q.Reset = seconds(value)
			continue
		default:
			continue
		}
		found++
	}
	return q, found == 2
}

// seconds is a wait in whole ones, 0 for what is none.
func seconds(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 0 {
		return 0
	}
	return time.Duration(n) * time.Second
}
