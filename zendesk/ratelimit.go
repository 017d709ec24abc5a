package zendesk

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
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
