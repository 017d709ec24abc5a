package zendesk

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/deskauth/deskauth/oauth"
)

// APIError is what the API answered instead of a record.
type APIError struct {
	Status      int
	Code        string // "RecordNotFound", "invalid_token"; "" when the body has none
	Description string
	Details     map[string][]Detail // of a RecordInvalid
	RetryAfter  time.Duration       // 0 when not said, as some 429 do not
	RequestID   string              // to tell to Zendesk's support
}

// Error is the status with what else Zendesk said.
func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Zendesk answered with status %d", e.Status)
	if e.Code != "" {
		fmt.Fprintf(&b, ", %q", e.Code)
	}
	if e.Description != "" {
		fmt.Fprintf(&b, ": %q", e.Description)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %q)", e.RequestID)
	}
	return b.String()
}

// ParseAPIError reads an answer whose status is no success. It takes every
// shape that Zendesk was seen to answer: "error" a text or an object, an array
// "errors", plain text, a page, nothing.
func ParseAPIError(status int, header http.Header, body []byte) *APIError {
	e := &APIError{
		Status:     status,
		RetryAfter: oauth.RetryAfter(header),
		RequestID:  clip(header.Get("X-Request-Id"), 128),
	}
	body = bytes.TrimSpace(body)
	var wire struct {
		Error            json.RawMessage `json:"error"`
		Description      json.RawMessage `json:"description"`
		ErrorDescription json.RawMessage `json:"error_description"`
		Details          json.RawMessage `json:"details"`
		Errors           json.RawMessage `json:"errors"`
	}
	if json.Unmarshal(body, &wire) != nil {
		if len(body) > 0 && body[0] != '<' && body[0] != '{' && body[0] != '[' {
			e.Description = clip(strings.ToValidUTF8(string(body), "�"), 512)
		}
		return e
	}
	e.Code = word(wire.Error)
	e.Description = word(wire.ErrorDescription)
	if e.Description == "" {
		e.Description = word(wire.Description)
	}
	var object, first struct{ Code, Title, Message, Detail json.RawMessage }
	if json.Unmarshal(wire.Error, &object) == nil {
		e.Code, e.Description = word(object.Title), word(object.Message)
	}
	var errors []json.RawMessage
	if json.Unmarshal(wire.Errors, &errors) == nil && len(errors) > 0 && json.Unmarshal(errors[0], &first) == nil {
		e.Code, e.Description = word(first.Code), word(first.Title)
	}
	if json.Unmarshal(wire.Details, &e.Details) != nil {
		e.Details = nil
	}
	return e
}

// word is a JSON string, bounded; "" for anything else.
func word(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	return clip(s, 512)
}
