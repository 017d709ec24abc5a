package zendesk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskauth/deskauth/oauth"
)

// DecodeTokenParams reads the parameters of a token request from wherever
// Zendesk takes them: a JSON body, which its documentation asks for, a form,
// which others send, and the query, where some put all of them. The same
// parameter in body and query is repeated, and so InvalidRequest; so is a body
// that is not what its content type says. A body without one is a form.
func DecodeTokenParams(contentType string, body []byte, query url.Values) (url.Values, *oauth.Error) {
	params := url.Values{}
	if len(bytes.TrimSpace(body)) > 0 {
		var err error
		if params, err = decodeBody(contentType, body); err != nil {
			return nil, oauth.Errorf(oauth.InvalidRequest, "%s", err)
		}
	}
	for name, all := range query {
		if _, both := params[name]; both {
			return nil, oauth.Errorf(oauth.InvalidRequest, "%q is both in the body and in the query", clip(name, 80))
		}
		params[name] = all
	}
	return params, nil
}

func decodeBody(contentType string, body []byte) (url.Values, error) {
	if !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0 {
		return nil, errors.New("the body is not UTF-8 text")
	}
	mediaType := "application/x-www-form-urlencoded"
	if strings.TrimSpace(contentType) != "" {
		var err error
		if mediaType, _, err = mime.ParseMediaType(contentType); err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
			return nil, errors.New("the Content-Type cannot be read")
		}
	}
	switch mediaType {
	case "application/json":
		return decodeJSON(body)
	case "application/x-www-form-urlencoded":
		return decodeForm(body)
	}
	return nil, fmt.Errorf("the Content-Type %q is not supported", clip(mediaType, 80))
}

func decodeForm(body []byte) (url.Values, error) {
	// url.ParseQuery would make one long parameter name of it.
	if c := bytes.TrimSpace(body)[0]; c == '{' || c == '[' || c == '<' {
		return nil, errors.New("the body is not a form, as its Content-Type says")
	}
	params, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, errors.New("the form cannot be read")
	}
	for name, all := range params {
		if !isText(name) || slices.ContainsFunc(all, func(s string) bool { return !isText(s) }) {
			return nil, errors.New("the form is not UTF-8 text")
		}
	}
	return params, nil
}

func isText(s string) bool { return utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 }

// decodeJSON reads one flat object. encoding/json would let the last of two
// equal names win; here they are a repeated parameter.
func decodeJSON(body []byte) (url.Values, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	unreadable := errors.New("the body is not a JSON object")
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, unreadable
	}
	params, seen := url.Values{}, map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return nil, unreadable
		}
		if seen[name] {
			return nil, fmt.Errorf("%q is repeated", clip(name, 80))
		}
		seen[name] = true
		text, absent, err := decodeValue(d)
		if err != nil {
			return nil, fmt.Errorf("%q %w", clip(name, 80), err)
		}
		if strings.ContainsRune(name+text, 0) {
			return nil, errors.New("the body holds a NUL")
		}
		if !absent {
			params.Set(name, text)
		}
	}
	if _, err := d.Token(); err != nil {
		return nil, unreadable
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something follows the JSON object")
	}
	return params, nil
}

// decodeValue takes a value to its text. An array becomes what Ruby makes of it
// when Zendesk treats it as a text: the scope ["read", "write"] turns into the
// two useless words `["read",` and `"write"]`, and the token is refused everywhere.
func decodeValue(d *json.Decoder) (text string, absent bool, _ error) {
	t, err := d.Token()
	if err != nil {
		return "", false, errors.New("is not JSON")
	}
	switch t := t.(type) {
	case nil:
		return "", true, nil
	case string:
		return t, false, nil
	case json.Delim:
		if t == '[' {
			var b strings.Builder
			err := inspectArray(d, &b, 1)
			return b.String(), false, err
		}
		return "", false, errors.New("is an object")
	}
	return fmt.Sprint(t), false, nil
}
