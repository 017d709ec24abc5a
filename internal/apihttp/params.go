package apihttp

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// bodyMost bounds the JSON of a request: no record of this API comes near it.
const bodyMost = 512 << 10

// ID is the number in the path. What is no number names nothing.
func (r Request) ID(name string) (int64, error) {
	text := r.PathValue(name)
	if text == "" || strings.ContainsFunc(text, func(c rune) bool { return c < '0' || c > '9' }) {
		return 0, issuer.ErrNotFound
	}
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, issuer.ErrNotFound // too large a number names nothing either
	}
	return id, nil
}

// QueryID is a number of the query; 0 when it is not there.
func (r Request) QueryID(name string) (int64, error) {
	n, err := r.queryNumber(name, name)
	if err != nil || n == nil {
		return 0, err
	}
	if *n <= 0 {
		return -1, nil // nothing has such a number, but the question was asked
	}
	return *n, nil
}

// queryNumber is a whole number of the query, nil when it is not there. In the
// refusal it is called by the second name.
func (r Request) queryNumber(name, called string) (*int64, error) {
	text := r.query.Get(name)
	if text == "" {
		return nil, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if errors.Is(err, strconv.ErrRange) {
		if n = math.MaxInt64; strings.HasPrefix(text, "-") {
			n = math.MinInt64
		}
	} else if err != nil {
		return nil, zendesk.InvalidAttribute(called, "must be an integer", r.action)
	}
	return &n, nil
}

// QueryBool is a switch of the query; false when it is not there.
func (r Request) QueryBool(name string) (bool, error) {
	switch r.query.Get(name) {
	case "", "false", "0":
		return false, nil
	case "true", "1":
		return true, nil
	default:
		return false, zendesk.InvalidAttribute(name, "must be a boolean", r.action)
	}
}

// Params are the members of the object that a request's body holds a record in:
// {"client": {…}}. The first one of a wrong type makes every later one absent;
// Err then tells which.
type Params struct {
	req    Request
	object string
	values map[string]json.RawMessage
	known  []string
	err    error
}

// Params reads the object of that name from the body. Without it, the record is
// refused as missing; a body that does not say that it is JSON holds nothing,
// as at Zendesk.
func (r Request) Params(object string) (*Params, error) {
	top, err := r.body()
	if err != nil {
		return nil, err
	}
	raw, found := top[object]
	if !found || isNull(raw) {
		return nil, zendesk.ParameterMissing(object)
	}
	p := &Params{req: r, object: object}
	if json.Unmarshal(raw, &p.values) != nil {
		return nil, zendesk.InvalidAttribute(object, "must be a hash", r.action)
	}
	return p, nil
}

// TopParams reads the body's own members; an empty body has none.
func (r Request) TopParams() (*Params, error) {
	values, err := r.body()
	return &Params{req: r, values: values}, err
}

func (r Request) body() (map[string]json.RawMessage, error) {
	data, err := io.ReadAll(http.MaxBytesReader(r.writer, r.Body, bodyMost))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, zendesk.BodyTooLarge
	case err != nil:
		return nil, zendesk.UnreadableBody // it broke off: nobody may be left to tell
	case !isJSON(r.Header.Get("Content-Type")) || len(bytes.TrimSpace(data)) == 0:
		return nil, nil
	}
	var any json.RawMessage
	if json.Unmarshal(data, &any) != nil {
		return nil, zendesk.UnreadableBody
	}
	var top map[string]json.RawMessage
	if json.Unmarshal(any, &top) != nil {
		return nil, nil // JSON, but no object: it has no members
	}
	return top, nil
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && (kind == "application/json" || strings.HasSuffix(kind, "+json"))
}

func isNull(raw json.RawMessage) bool { return string(raw) == "null" }

// Err is the first member of a wrong type, or nil. It also warns of members that
// are not known, as Zendesk does: they were ignored.
func (p *Params) Err() error {
	var unknown []string
	for name := range p.values {
		if !slices.Contains(p.known, name) {
			unknown = append(unknown, strconv.Quote(p.path(name)))
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		p.req.writer.Header().Set(warnHeader, warning(unknown))
	}
	return p.err
}

// warnHeader names what of a request was ignored (facts section 6.5).
const warnHeader = "X-Zendesk-Api-Warn"

// warnMost bounds how much of a client's own words is sent back to it.
const warnMost = 10

// warning lists names in ASCII, since they go into a header.
func warning(unknown []string) string {
	for n, name := range unknown {
		plain := strings.Trim(name, `"`)
		if len(plain) > 80 {
			plain = plain[:80]
		}
		unknown[n] = strconv.QuoteToASCII(plain)
	}
	return "Removed restricted keys [" + strings.Join(unknown[:min(len(unknown), warnMost)], ", ") + "] from parameters according to whitelist"
}

func (p *Params) path(name string) string {
	if p.object == "" {
		return name
	}
	return p.object + "." + name
}

// read decodes a member; false when it is not there or cannot be.
func (p *Params) read(name, must string, into any) bool {
	p.known = append(p.known, name)
	raw, found := p.values[name]
	if !found || p.err != nil {
		return false
	}
	if json.Unmarshal(raw, into) != nil {
		p.err = zendesk.InvalidAttribute(p.path(name), must, p.req.action)
		return false
	}
	return true
}

// Text is a text; nil when it is not there, "" for null.
func (p *Params) Text(name string) *string {
	var v *string
	if !p.read(name, "must be a string", &v) {
		return nil
	}
	if v == nil {
		v = new(string)
	}
	return v
}

// Number is a whole number, or the digits of one; nil when it is not there or
// null.
func (p *Params) Number(name string) *int64 {
	const must = "must be an integer"
	var v *json.Number // takes a text of digits as well
	if !p.read(name, must, &v) || v == nil {
		return nil
	}
	n, err := strconv.ParseInt(v.String(), 10, 64)
	if err != nil {
		p.err = zendesk.InvalidAttribute(p.path(name), must, p.req.action)
		return nil
	}
	return &n
}

// Bool is a switch; nil when it is not there or null.
func (p *Params) Bool(name string) *bool {
	var v *bool
	p.read(name, "must be a boolean", &v)
	return v
}

// Texts is a list of texts; nil when it is not there, empty for null. A single
// text is a list of one, as it is in Ruby.
func (p *Params) Texts(name string) *[]string {
	var list []*string
	if one := p.values[name]; len(one) > 0 && one[0] == '"' {
		text := p.Text(name)
		if text == nil {
			return nil
		}
		list = []*string{text}
	} else if !p.read(name, "must be an array of strings", &list) {
		return nil
	}
	all := make([]string, 0, len(list))
	for _, text := range list {
		if text != nil {
			all = append(all, *text)
		}
	}
	return &all
}

// Ignored names members that Zendesk knows and lets nobody set: they bring no
// warning, since clients send back what they got.
func (p *Params) Ignored(names ...string) { p.known = append(p.known, names...) }
