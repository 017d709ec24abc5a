package brokerhttp

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/secret"
)

// idempotencyKey is the header of draft-ietf-httpapi-idempotency-key-header.
const idempotencyKey = "Idempotency-Key"

// onceTime bounds what is carried out for a caller who may have left. The broker takes
// what goes on for longer than five minutes for broken off.
const onceTime = 2 * time.Minute

// nameMost bounds an idempotency key, in bytes.
const nameMost = 255

// keptAnswer is what is kept of an answer: what makes it the same to a program.
type keptAnswer struct {
	Header map[string]string
	Body   []byte
}

// once carries a POST out once for each idempotency key, and answers the same again. It
// stands before every route of the API that has a key, so that none can forget it.
func (s *site) once(w http.ResponseWriter, u use, serve func(http.ResponseWriter, use) error) error {
	names := u.Header.Values(idempotencyKey)
	if u.Method != http.MethodPost || len(names) == 0 {
		return serve(w, u)
	}
	name, err := readName(names)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(u.Body)
	if err != nil {
		return err
	}
	u.Body = io.NopCloser(bytes.NewReader(body))
	a, kept, err := s.Broker.BeginAnswer(u.Context(), u.key.ID, name, fingerprint(u, body))
	switch {
	case err != nil:
		return err
	case a.Status != 0:
		return again(w, a.Status, kept)
	}
	// Whoever leaves is the one who asks again: it is carried out to its end.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(u.Context()), onceTime)
	defer cancel()
	u.Request = u.WithContext(ctx)
	rec := &recorder{header: w.Header(), status: http.StatusOK}
	failed := serve(rec, u)
	if failed != nil {
		s.problem(rec, u.Request, failed)
	}
	if isFinal(rec.status, failed) {
		err = s.keep(u, a, rec)
	} else {
		err = s.Broker.DropAnswer(u.Context(), a)
	}
	if err != nil { // the program has its answer all the same; it is not given again
		httpd.Note(u.Context(), slog.String("answer_not_kept", err.Error()))
	}
	w.WriteHeader(rec.status)
	_, _ = w.Write(rec.body.Bytes())
	return nil
}

// readName reads the header: as the draft has it a string in quotes, or as programs send
// it without.
func readName(names []string) (secret.Plain, error) {
	wrong := &broker.Invalid{Field: idempotencyKey, Why: "it is one string of 1 to 255 printable ASCII characters"}
	name := names[0]
	if len(name) > 2 && name[0] == '"' && name[len(name)-1] == '"' {
		name = name[1 : len(name)-1]
	}
	if len(names) != 1 || name == "" || len(name) > nameMost {
		return secret.Plain{}, wrong
	}
	for _, c := range []byte(name) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			return secret.Plain{}, wrong
		}
	}
	return secret.Of(name), nil
}

// fingerprint tells one request from another.
func fingerprint(u use, body []byte) [sha256.Size]byte {
	text, _ := json.Marshal([]string{u.Method, u.URL.Path, u.URL.RawQuery, string(body)}) // texts: it cannot fail
	return sha256.Sum256(text)
}

// isFinal tells whether a request with this answer would be answered the same again. One
// that may be mended by waiting, or by another right of the key, is to be tried again;
// but not one that may have been carried out though nobody heard so.
func isFinal(status int, failed error) bool {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
		return false
	}
	return status < 500 || errors.As(failed, new(*broker.LostToken))
}

func (s *site) keep(u use, a broker.Answer, rec *recorder) error {
	kept := keptAnswer{Header: map[string]string{}, Body: rec.body.Bytes()}
	for _, name := range []string{"Content-Type", "Location"} {
		if value := rec.header.Get(name); value != "" {
			kept.Header[name] = value
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	return s.Broker.KeepAnswer(u.Context(), a, rec.status, secret.Of(string(text)))
}

func again(w http.ResponseWriter, status int, text secret.Plain) error {
	var kept keptAnswer
	if err := json.Unmarshal([]byte(text.Reveal()), &kept); err != nil {
		return errors.New("the kept answer cannot be read")
	}
	for name, value := range kept.Header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Idempotency-Replayed", "true")
	w.WriteHeader(status)
	_, _ = w.Write(kept.Body)
	return nil
}

// recorder holds an answer back until it is kept.
type recorder struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) WriteHeader(status int)      { r.status = status }
func (r *recorder) Write(p []byte) (int, error) { return r.body.Write(p) }

// onceProblem is what problemOf says of idempotency keys.
func onceProblem(err error) (problem, bool) {
	switch {
	case errors.Is(err, broker.ErrUnderWay):
		return problem{Type: "under_way", Title: "The first request is still under way", Status: http.StatusConflict, Detail: err.Error()}, true
	case errors.Is(err, broker.ErrBrokenOff):
		return problem{Type: "broken_off", Title: "The first request was broken off", Status: http.StatusConflict, Detail: err.Error()}, true
	case errors.Is(err, broker.ErrOtherUsing):
		return problem{Type: "other_request", Title: "The idempotency key is another request's", Status: http.StatusUnprocessableEntity, Detail: err.Error()}, true
	}
	return problem{}, false
}
