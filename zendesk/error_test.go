package zendesk_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/zendesk"
)

type refusal interface {
	Status() int
	json.Marshaler
	error
}

func refusals() []refusal {
	return []refusal{
		zendesk.CouldntAuthenticate, zendesk.InvalidToken, zendesk.MissingScopes("groups:read", "read"), zendesk.Forbidden,
		zendesk.RecordNotFound, zendesk.InvalidEndpoint, zendesk.ParameterMissing("brands"),
		zendesk.RecordInvalid{"name": {{Description: "Name: cannot be blank", Error: zendesk.BlankValue}}},
		zendesk.InternalError,
		zendesk.InvalidBearerRequest, zendesk.NoSuchAccount,
	}
}

func TestRefusals(t *testing.T) {
	want := lines(t, "refusals.txt")
	for i, r := range refusals() {
		body, err := json.Marshal(r)
		if got := fmt.Sprintf("%d %s", r.Status(), body); err != nil || got != want[i] {
			t.Errorf("got  %s, %v\nwant %s", got, err, want[i])
		}
	}
	if got := zendesk.CouldntAuthenticate.WWWAuthenticate(); got != `Basic realm="Web Password"` {
		t.Error(got)
	}
	if got := zendesk.InvalidToken.WWWAuthenticate(); !strings.HasPrefix(got, `Bearer realm="`) || !strings.Contains(got, `error="invalid_token"`) {
		t.Error(got)
	}
	if got := zendesk.RecordNotFound.WWWAuthenticate(); got != "" {
		t.Error(got)
	}
}

// Every refusal that is said can be read.
func TestRefusalsComeBack(t *testing.T) {
	want := []zendesk.APIError{
		{Status: 401, Code: "Couldn't authenticate you"},
		{Status: 401, Code: "invalid_token", Description: zendesk.InvalidTokenWords},
		{Status: 403, Code: "Forbidden", Description: "You are missing the following required scopes: groups:read, read"},
		{Status: 403, Code: "Forbidden", Description: "You do not have access to this page. Please contact the account owner of this help desk for further help."},
		{Status: 404, Code: "RecordNotFound", Description: "Not found"},
		{Status: 404, Code: "InvalidEndpoint", Description: "Not found"},
		{Status: 400, Code: "ParameterMissing", Description: "Parameter brands is required"},
		{
			Status: 422, Code: "RecordInvalid", Description: "Record validation errors",
			Details: map[string][]zendesk.Detail{"name": {{Description: "Name: cannot be blank", Error: "BlankValue"}}},
		},
		{Status: 500, Code: "Internal Server Error"},
		{Status: 400, Code: "invalid_request", Description: "The request is missing a required parameter, includes an unsupported parameter or parameter value, " +
			"repeats the same parameter, uses more than one method for including an access token, or is otherwise malformed."},
		{Status: 404},
	}
	for i, r := range refusals() {
		body, _ := json.Marshal(r)
		if diff := cmp.Diff(&want[i], zendesk.ParseAPIError(r.Status(), nil, body)); diff != "" {
			t.Error(diff)
		}
	}
}

func TestParseAPIError(t *testing.T) {
	header := http.Header{"Retry-After": {"17"}, "X-Request-Id": {"q1"}}
	for _, c := range []struct{ body, code, description string }{
		{`{"error":{"message":"Access to this resource is restricted."}}`, "", "Access to this resource is restricted."},
		{`{"errors":[{"code":"InvalidPaginationDepth","title":"Too deep"}]}`, "InvalidPaginationDepth", "Too deep"},
		{`Number of allowed API requests per minute exceeded`, "", "Number of allowed API requests per minute exceeded"},
		{`<html>down</html>`, "", ""},
		{`{"error":`, "", ""},
		{`{}`, "", ""},
		{``, "", ""},
		{`{"error":7,"description":[1],"errors":{},"details":"x"}`, "", ""},
		{`{"errors":[]}`, "", ""},
		{"\xff", "", "�"},
	} {
		got := zendesk.ParseAPIError(429, header, []byte(c.body))
		want := &zendesk.APIError{Status: 429, Code: c.code, Description: c.description, RetryAfter: 17 * time.Second, RequestID: "q1"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", c.body, diff)
		}
	}
	long := zendesk.ParseAPIError(500, nil, []byte(strings.Repeat("é", 1000)))
	if len(long.Description) > 520 {
		t.Errorf("%d bytes of description", len(long.Description))
	}
}
