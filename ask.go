package deskauth

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// answerMost bounds an answer of the broker's, in bytes: 500 records and their words.
const answerMost = 8 << 20

// record is the path of a record, and of what belongs to it.
func record(kind string, id int64, more ...string) string {
	return strings.Join(append([]string{kind, fmt.Sprint(id)}, more...), "/")
}

// ask sends one request to the broker's API and decodes the answer into out, if that is
// not nil.
func (c *Client) ask(ctx context.Context, method, path string, query url.Values, in, out any) error {
	m, err := c.start()
	if err != nil {
		return err
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("deskauth: %w", err)
		}
		body = bytes.NewReader(text)
	}
	to := m.base.JoinPath("v1", path)
	to.RawQuery = query.Encode()
	req, err := http.NewRequestWithContext(ctx, method, to.String(), body)
	if err != nil {
		return fmt.Errorf("deskauth: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Authorization", "Bearer "+c.Key)
	req.Header.Set("Accept", "application/json")
	resp, err := m.broker.Do(req)
	if err != nil {
		return away(ctx, err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerMost))
	switch {
	case err != nil:
		return away(ctx, err)
	case resp.StatusCode/100 != 2:
		return refusal(resp, text)
	case out != nil && json.Unmarshal(text, out) != nil:
		return &RemoteError{Status: resp.StatusCode, Title: "the answer is not the JSON of a broker"}
	}
	return nil
}

// away is an error of the way to the broker. When the caller ended it, it says that.
func away(ctx context.Context, err error) error {
	if ended := ctx.Err(); ended != nil {
		return fmt.Errorf("deskauth: %w", ended)
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

// problem is a refusal on the wire (RFC 9457).
type problem struct {
	Type         string `json:"type"`
	Title        string `json:"title"`
	Detail       string `json:"detail"`
	RequestID    string `json:"request_id"`
	Connection   int64  `json:"connection"`
	State        State  `json:"state"`
	Reason       string `json:"reason"`
	RetryAfter   int64  `json:"retry_after"` // seconds
	Field        string `json:"field"`
	AuthorizeURL string `json:"authorize_url"`
}

const problemTypes = "urn:deskauth:problem:"

// refusal is the error that an answer is, the same as an embedded broker returns.
func refusal(resp *http.Response, text []byte) error {
	var p problem
	if json.Unmarshal(text, &p) != nil || !strings.HasPrefix(p.Type, problemTypes) {
		return &RemoteError{Status: resp.StatusCode, RequestID: resp.Header.Get("X-Request-Id")}
	}
	switch kind := strings.TrimPrefix(p.Type, problemTypes); kind {
	case "not_found":
		return ErrNotFound
	case "key_refused":
		return ErrKeyRefused
	case "forbidden":
		return ErrForbidden
	case "away":
		return ErrAway
	case "not_revoked":
		return ErrNotRevoked
	case "invalid":
		return &Invalid{Field: p.Field, Why: strings.TrimPrefix(p.Detail, p.Field+": ")}
	case "unavailable":
		return &Unavailable{Connection: p.Connection, Reason: p.Reason, RetryAfter: time.Duration(p.RetryAfter) * time.Second}
	case "unusable":
		why := Unusable{Connection: p.Connection, State: p.State, Reason: p.Reason}
		if p.AuthorizeURL != "" {
			return &ReauthorizeError{why, p.AuthorizeURL}
		}
		return &why
	default:
		return &RemoteError{Status: resp.StatusCode, Type: kind, Title: p.Title, Detail: p.Detail, RequestID: p.RequestID}
	}
}

// listed reads a list part by part, as the loop asks for more. P is a part on the wire.
func listed[T, P any](ctx context.Context, c *Client, path string, split func(P) ([]T, *string)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		cursor := ""
		read := map[string]bool{}
		for {
			read[cursor] = true
			var part P
			q := url.Values{"limit": {"500"}}
			if cursor != "" {
				q.Set("cursor", cursor)
			}
			if err := c.ask(ctx, http.MethodGet, path, q, nil, &part); err != nil {
				yield(none, err)
				return
			}
			all, next := split(part)
			for _, v := range all {
				if !yield(v, nil) {
					return
				}
			}
			if next == nil || *next == "" {
				return
			}
			if read[*next] {
				yield(none, &RemoteError{Status: http.StatusOK, Title: "a part of the list leads back to one that was read"})
				return
			}
			cursor = *next
		}
	}
}
