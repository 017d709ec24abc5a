package brokerhttp

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/slip"
)

// readBody reads a JSON object of no other members than into's, which points to a
// struct. The error names the member and what it takes, or the place where the text is
// no JSON. It repeats no value, since one may be a secret.
func readBody(r *http.Request, into any) error {
	if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
		return &broker.Invalid{Field: "body", Why: "it is JSON: send Content-Type: application/json"}
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return wrongBody(err, into)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return &broker.Invalid{Field: "body", Why: fmt.Sprintf("it is one JSON object: something is behind its end at byte %d", d.InputOffset())}
	}
	return nil
}

// wrongBody says what is wrong with a body that does not decode. One that is too long
// has an answer of its own.
func wrongBody(err error, into any) error {
	var long *http.MaxBytesError
	var broken *json.SyntaxError
	var kind *json.UnmarshalTypeError
	name, unknown := strings.CutPrefix(err.Error(), "json: unknown field ")
	field, why := "body", "it cannot be read"
	switch {
	case errors.As(err, &long):
		return err
	case errors.Is(err, io.EOF):
		why = "it is empty: send a JSON object"
	case errors.Is(err, io.ErrUnexpectedEOF):
		why = "it is JSON that ends too soon"
	case errors.As(err, &broken):
		why = fmt.Sprintf("it is no JSON: byte %d cannot stand there", broken.Offset)
	case errors.As(err, &kind) && kind.Field == "":
		why = "it is a JSON object"
	case errors.As(err, &kind):
		field, why = strings.ToLower(kind.Field[strings.LastIndexByte(kind.Field, '.')+1:]), "it is "+taken(kind.Type)
	case unknown:
		field, why = unknownMember(name, members(reflect.TypeOf(into).Elem()))
	}
	return &broker.Invalid{Field: field, Why: why}
}

// unknownMember says that there is none of a name, which is in quotes. One that does not
// look like a name, as where a value was put in its place, is not repeated.
func unknownMember(quoted string, known []string) (field, why string) {
	takes := "the members are " + strings.Join(known, ", ")
	name, err := strconv.Unquote(quoted)
	if err != nil || !isName(name) {
		return "body", "it has a member that is not known: " + takes
	}
	if near := slip.Near(strings.ToLower(name), known); len(near) > 0 {
		return name, "it is not known" + slip.DidYouMean(near)
	}
	return name, "it is not known: " + takes
}

// isName tells what may be the name of a member or parameter from what may be a secret.
func isName(text string) bool {
	if text == "" || len(text) > 24 {
		return false
	}
	return strings.Trim(text, "abcdefghijklmnopqrstuvwxyz_") == ""
}

// members are the names that a struct has in JSON.
func members(of reflect.Type) (all []string) {
	for _, f := range reflect.VisibleFields(of) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous || name == "-" || len(f.Index) > 1 && shadowed(of, f, name):
		case name != "":
			all = append(all, name)
		default:
			all = append(all, strings.ToLower(f.Name))
		}
	}
	return all
}

// shadowed tells of a promoted field that the struct has one of its own of that name.
func shadowed(of reflect.Type, f reflect.StructField, name string) bool {
	for own := range of.NumField() {
		if tag, _, _ := strings.Cut(of.Field(own).Tag.Get("json"), ","); tag != "" && tag == name && !of.Field(own).Anonymous {
			return true
		}
	}
	return false
}

// taken is what a value of a type is in JSON, in words.
func taken(t reflect.Type) string {
	if t == reflect.TypeFor[span]() {
		return spanTaken
	}
	switch t.Kind() {
	case reflect.String:
		return "text"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Slice:
		return "a list"
	default:
		return "of another kind"
	}
}

// span is a time as a program asks for it: a number of seconds, or a text as Go writes a
// duration.
type span time.Duration

const spanTaken = "a number of seconds such as 3600, or a text such as 90m or 72h"

// spanMost keeps the sum of a span and an instant within what a Time can be.
const spanMost = 200 * 365 * 24 * time.Hour

// UnmarshalJSON reads it. What cannot be one is told as a wrong kind of value, so that
// the decoder says of which member.
func (s *span) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	if text == "null" {
		return nil
	}
	if quoted := ""; json.Unmarshal(raw, &quoted) == nil {
		text = quoted
	}
	d, err := parseSpan(text)
	if err != nil {
		return &json.UnmarshalTypeError{Value: "value", Type: reflect.TypeFor[span]()}
	}
	*s = span(d)
	return nil
}

// parseSpan reads a text, or whole seconds.
func parseSpan(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if n, bad := strconv.ParseInt(text, 10, 64); bad == nil && n >= -int64(spanMost/time.Second) && n <= int64(spanMost/time.Second) {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d > spanMost {
		return 0, errors.New("it is no time")
	}
	return d, nil
}
