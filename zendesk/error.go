package zendesk

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
)

// Refusal is an error body of the API with its status, byte for byte as
// Zendesk was seen to answer it.
type Refusal struct {
	status    int
	body      string
	challenge string
}

// Status is the HTTP status.
func (r Refusal) Status() int { return r.status }

// MarshalJSON is the body.
func (r Refusal) MarshalJSON() ([]byte, error) { return []byte(r.body), nil }

// WWWAuthenticate is the value of that header, "" when there is none to send.
func (r Refusal) WWWAuthenticate() string { return r.challenge }

// Error is the status in words, and the body.
func (r Refusal) Error() string { return http.StatusText(r.status) + ": " + r.body }

// The refusals that are always the same.
var (
	// CouldntAuthenticate is for no credentials, and for wrong Basic ones.
	CouldntAuthenticate = Refusal{
		status: http.StatusUnauthorized, body: `{"error":"Couldn't authenticate you"}`,
		challenge: `Basic realm="Web Password"`,
	}
	// InvalidToken is for every bearer token that is not taken.
	InvalidToken = Refusal{
		status: http.StatusUnauthorized, body: `{"error":"invalid_token","error_description":"` + InvalidTokenWords + `"}`,
		challenge: `Bearer realm="Protected by OAuth 2.0", error="invalid_token", error_description="` + InvalidTokenWords + `"`,
	}
	// InvalidBearerRequest is for credentials in more than one place. That Zendesk
	// says it like rack-oauth2 is an assumption.
	InvalidBearerRequest = Refusal{
		status: http.StatusBadRequest, body: `{"error":"invalid_request","error_description":"` + invalidBearerWords + `"}`,
	}
	// TooManyFailures is for whoever failed to authenticate too often. What
	// Zendesk says then is not known.
	TooManyFailures = Refusal{
		status: http.StatusTooManyRequests, body: `{"error":"TooManyRequests","description":"Too many failed sign-ins. Wait and try again."}`,
	}
	// NoSuchAccount is for a subdomain that nobody has, whatever the path.
	NoSuchAccount = Refusal{status: http.StatusNotFound, body: `{}`}
	// Forbidden is for a role or a plan that does not reach.
	Forbidden = Refusal{
		status: http.StatusForbidden,
		body:   `{"error":{"title":"Forbidden","message":"You do not have access to this page. Please contact the account owner of this help desk for further help."}}`,
	}
	RecordNotFound  = Refusal{status: http.StatusNotFound, body: `{"error":"RecordNotFound","description":"Not found"}`}
	InvalidEndpoint = Refusal{status: http.StatusNotFound, body: `{"error":"InvalidEndpoint","description":"Not found"}`}
	InternalError   = Refusal{status: http.StatusInternalServerError, body: `{"status":500,"error":"Internal Server Error"}`}
	// Unavailable is for a server that cannot answer now; Retry-After goes with it.
	Unavailable = Refusal{status: http.StatusServiceUnavailable, body: `{"status":503,"error":"Service Unavailable"}`}
)

// MissingScopes is for a token that holds none of the scopes an endpoint
// accepts; all of them are named.
func MissingScopes(accepted ...string) Refusal {
	return Refusal{status: http.StatusForbidden, body: marshal(struct {
		Error       string `json:"error"`
		Description string `json:"description"`
	}{"Forbidden", "You are missing the following required scopes: " + strings.Join(accepted, ", ")})}
}

// ParameterMissing is for a request without something it needs.
func ParameterMissing(name string) Refusal {
	return Refusal{status: http.StatusBadRequest, body: marshal(struct {
		Error       string `json:"error"`
		Description string `json:"description"`
	}{"ParameterMissing", "Parameter " + name + " is required"})}
}

// The codes of a RecordInvalid's details.
const (
	BlankValue     = "BlankValue"
	DuplicateValue = "DuplicateValue"
	InvalidValue   = "InvalidValue"
	InvalidFormat  = "InvalidFormat"
)

// Detail is what is wrong with one field: "Name: cannot be blank", BlankValue.
type Detail struct {
	Description string `json:"description"`
	Error       string `json:"error,omitempty"`
	// TicketFieldID and TicketFieldType tell of which field of the ticket it
	// speaks: 360001, "FieldDate". Zero and empty: of none.
	TicketFieldID   int64  `json:"ticket_field_id,omitempty"`
	TicketFieldType string `json:"ticket_field_type,omitempty"`
}

// MarshalJSON leaves out what there is not; but what is said of a field of the
// ticket has an error, if null: so it was recorded.
func (d Detail) MarshalJSON() ([]byte, error) {
	type plain Detail
	if d.TicketFieldID == 0 || d.Error != "" {
		return []byte(marshal(plain(d))), nil
	}
	return []byte(marshal(struct {
		plain
		Error *string `json:"error"`
	}{plain: plain(d)})), nil
}

// RecordInvalid refuses a record, field by field; the field "base" is for what
// concerns all of it.
type RecordInvalid map[string][]Detail

// Status is 422.
func (RecordInvalid) Status() int { return http.StatusUnprocessableEntity }

// MarshalJSON is the body, its fields in alphabetical order.
func (r RecordInvalid) MarshalJSON() ([]byte, error) {
	return []byte(marshal(struct {
		Error       string              `json:"error"`
		Description string              `json:"description"`
		Details     map[string][]Detail `json:"details"`
	}{"RecordInvalid", "Record validation errors", r})), nil
}

// Error is the status in words, and the details as JSON.
func (r RecordInvalid) Error() string {
	return "Unprocessable Entity: " + marshal(map[string][]Detail(r))
}

// marshal writes what json.Marshal does, but leaves <, > and & as they are.
// Only values that cannot fail are given to it.
func marshal(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

const invalidBearerWords = "The request is missing a required parameter, includes an unsupported parameter or parameter value, repeats the same parameter, uses more than one method for including an access token, or is otherwise malformed."
