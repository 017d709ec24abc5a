package apihttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// refusal is what the errors of package zendesk's API have in common.
type refusal interface {
	error
	json.Marshaler
	Status() int
}

func respond(w http.ResponseWriter, response Response) error {
	status := response.Status
	if status == 0 {
		status = http.StatusOK
	}
	if status == http.StatusNoContent {
		maps.Copy(w.Header(), response.Header)
		w.Header().Set("X-Zendesk-Api-Version", "v2")
		w.WriteHeader(status)
		return nil
	}
	// Marshalled whole before the first byte goes out, so that an error is an
	// answer of its own and not half of one.
	body, err := json.Marshal(response.Body)
	if err != nil {
		return fmt.Errorf("encode the answer: %w", err)
	}
	maps.Copy(w.Header(), response.Header)
	write(w, status, body)
	return nil
}

// Values of headers that all answers share: there is no room to add to them.
var (
	jsonType   = []string{"application/json; charset=utf-8"}
	revalidate = []string{"max-age=0, private, must-revalidate"}
	version    = []string{"v2"}
)

func write(w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	if len(h["Content-Type"]) == 0 { // uploads are answered as plain text
		h["Content-Type"] = jsonType
	}
	if len(h["Cache-Control"]) == 0 { // what holds a secret says no-store
		h["Cache-Control"] = revalidate
	}
	h["X-Zendesk-Api-Version"] = version
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Fail answers with an error in the API's dialect. What is no answer for a
// client is logged, and the client learns a request id alone.
func (a *API) Fail(w http.ResponseWriter, r *http.Request, err error) {
	known := translate(err)
	switch {
	case known != nil:
		httpd.Note(r.Context(), slog.String("reason", err.Error()))
	case a.Issuer != nil && a.Issuer.Store.Away(err):
		httpd.NoteAway(w, r, err)
		known = zendesk.Unavailable
	default:
		a.Log.ErrorContext(r.Context(), "api request failed", "error", err, "request_id", httpd.RequestIDFrom(r.Context()))
		known = zendesk.InternalError
	}
	var over *overQuota
	if errors.As(err, &over) {
		w.Header().Set("Retry-After", zendesk.RetryAfter(over.wait))
		if !over.endpoint {
			writeTooMany(w)
			return
		}
	}
	var tooMany *issuer.TooMany
	if errors.As(err, &tooMany) {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(tooMany.After.Seconds()))))
	}
	if challenge, ok := known.(interface{ WWWAuthenticate() string }); ok && challenge.WWWAuthenticate() != "" {
		w.Header().Set("WWW-Authenticate", challenge.WWWAuthenticate())
	}
	body, err := known.MarshalJSON()
	if err != nil {
		known, body = zendesk.InternalError, []byte(`{"status":500,"error":"Internal Server Error"}`)
	}
	write(w, known.Status(), body)
}

// translate finds Zendesk's words for an error, or nil.
func translate(err error) refusal {
	var known refusal
	var tooMany *issuer.TooMany
	var over *overQuota
	var invalid issuer.Invalids
	switch {
	case errors.As(err, &over):
		return zendesk.EndpointRateLimited
	case errors.As(err, &tooMany), errors.Is(err, issuer.ErrBusy):
		return zendesk.TooManyFailures
	case errors.As(err, &known):
		return known
	case errors.As(err, &invalid):
		return recordInvalid(invalid)
	case errors.Is(err, issuer.ErrToken):
		return zendesk.InvalidToken
	case errors.Is(err, issuer.ErrBasic):
		return zendesk.CouldntAuthenticate
	case errors.Is(err, issuer.ErrForbidden):
		return zendesk.Forbidden
	case errors.Is(err, issuer.ErrNotFound):
		return zendesk.RecordNotFound
	case errors.Is(err, issuer.ErrConflict):
		return zendesk.DatabaseConflict
	default:
		return nil
	}
}

// flaws are Zendesk's codes for what can be wrong with a field.
var flaws = map[issuer.Flaw]string{
	issuer.Blank: zendesk.BlankValue, issuer.Taken: zendesk.DuplicateValue,
	issuer.Malformed: zendesk.InvalidFormat, issuer.NotAllowed: zendesk.InvalidValue,
}

// recordInvalid says what is wrong with each field: "Name: cannot be blank".
func recordInvalid(all issuer.Invalids) zendesk.RecordInvalid {
	body := zendesk.RecordInvalid{}
	for _, one := range all {
		label := strings.ReplaceAll(one.Field, "_", " ")
		label = strings.ToUpper(label[:1]) + label[1:]
		body[one.Field] = append(body[one.Field], zendesk.Detail{Description: label + ": " + one.Why, Error: flaws[one.Flaw]})
	}
	return body
}
