package oauth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/deskauth/deskauth/oauth"
)

func TestCodeStatus(t *testing.T) {
	for code, want := range map[oauth.Code]int{
		oauth.InvalidRequest: 400, oauth.InvalidGrant: 400, oauth.UnauthorizedClient: 400,
		oauth.UnsupportedGrantType: 400, oauth.UnsupportedResponseType: 400, oauth.InvalidScope: 400,
		oauth.AccessDenied: 400, oauth.InvalidClient: 401, oauth.InvalidToken: 401,
		oauth.InsufficientScope: 403, oauth.ServerError: 500, oauth.TemporarilyUnavailable: 503,
	} {
		if got := code.Status(); got != want {
			t.Errorf("%s: status %d, want %d", code, got, want)
		}
	}
}

func TestErrorKeepsItsReasonOffTheWire(t *testing.T) {
	e := oauth.Errorf(oauth.InvalidClient, "client %q has another secret", "app")
	e.Description = "No."
	wire, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"error":"invalid_client","error_description":"No."}`; string(wire) != want {
		t.Errorf("got  %s\nwant %s", wire, want)
	}
	if want := `invalid_client: client "app" has another secret`; e.Error() != want {
		t.Errorf("Error() = %q, want %q", e.Error(), want)
	}
	if got := oauth.Errorf(oauth.InvalidScope, "100%").Reason; got != "100%" {
		t.Errorf("a reason without arguments was formatted: %q", got)
	}
}

func TestErrorCode(t *testing.T) {
	wrapped := fmt.Errorf("while renewing: %w", oauth.Errorf(oauth.InvalidGrant, "replaced"))
	if got := oauth.ErrorCode(wrapped); got != oauth.InvalidGrant {
		t.Errorf("wrapped: %q", got)
	}
	for _, err := range []error{nil, errors.New("no"), (*oauth.Error)(nil)} {
		if got := oauth.ErrorCode(err); got != "" {
			t.Errorf("%v: %q", err, got)
		}
	}
}

func TestParseError(t *testing.T) {
	long := strings.Repeat("é", 600)
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   *oauth.Error
	}{
		{
			"plain", 400, `{"error":"invalid_grant","error_description":"dead","error_uri":"https://x"}`,
			&oauth.Error{Code: oauth.InvalidGrant, Description: "dead", URI: "https://x"},
		},
		{"with space round it", 401, " \n{\"error\":\"invalid_client\"}\n", &oauth.Error{Code: oauth.InvalidClient}},
		{"an extension's code", 400, `{"error":"authorization_pending"}`, &oauth.Error{Code: "authorization_pending"}},
		{
			"an object with a code", 400, `{"error":{"code":"invalid_scope","message":"no"}}`,
			&oauth.Error{Code: oauth.InvalidScope, Description: "no"},
		},
		{
			"words that are not text", 400, `{"error":"invalid_scope","error_description":{"a":1},"error_uri":7}`,
			&oauth.Error{Code: oauth.InvalidScope},
		},
		{"the server's own failure", 500, `{"error":"server_error"}`, &oauth.Error{Code: oauth.ServerError}},
		{"a failing server does not condemn a grant", 502, `{"error":"invalid_grant"}`, nil},
		{"the API's word", 403, `{"error":"Forbidden","description":"You are missing"}`, nil},
		{"the API's object", 403, `{"error":{"title":"Forbidden","message":"You do not have access"}}`, nil},
		{"the API's sentence", 401, `{"error":"Couldn't authenticate you"}`, nil},
		{"a page", 400, `<html>invalid_grant</html>`, nil},
		{"broken JSON", 400, `{"error":"invalid_grant"`, nil},
		{"an array", 400, `[{"error":"invalid_grant"}]`, nil},
		{"no error", 400, `{}`, nil},
		{"null", 400, `{"error":null}`, nil},
		{"empty", 400, ``, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := oauth.ParseError(c.status, "text/html", []byte(c.body))
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	got := oauth.ParseError(400, "", []byte(`{"error":"invalid_grant","error_description":"`+long+`"}`))
	if len(got.Description) > 520 || !utf8.ValidString(got.Description) {
		t.Errorf("a long description was not cut cleanly: %d bytes", len(got.Description))
	}
}
