package apihttp

import (
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/zendesk"
)

// Object is an object within the object; nil when it is not there or null. Its
// Err is its own to ask for.
func (p *Params) Object(name string) *Params {
	child := &Params{req: p.req, object: p.path(name)}
	if !p.read(name, "must be a hash", &child.values) || child.values == nil {
		return nil
	}
	return child
}

// ParamsList reads the list of objects of that name from the body, at most a page
// of them. Without it, the records are refused as missing.
func (r Request) ParamsList(name string) ([]*Params, error) {
	top, err := r.TopParams()
	if err != nil {
		return nil, err
	}
	all := top.Objects(name)
	switch err := top.Err(); {
	case err != nil:
		return nil, err
	case all == nil:
		return nil, zendesk.ParameterMissing(name)
	case len(all) > zendesk.MaxPageSize:
		return nil, zendesk.TooManyValues(zendesk.MaxPageSize)
	}
	return all, nil
}

// Raw is a member of whatever type; nil when it is not there.
func (p *Params) Raw(name string) json.RawMessage {
	p.known = append(p.known, name)
	return p.values[name]
}

// Refuse says that a member is of a wrong type; the first refusal counts.
func (p *Params) Refuse(name, must string) {
	if p.err == nil {
		p.err = zendesk.InvalidAttribute(p.path(name), must, p.req.action)
	}
}

// Stream is the body of a request that may take its time: it is a file, and may
// be longer than the server otherwise waits for a body.
func (r Request) Stream(patience time.Duration) io.Reader {
	// What cannot be given more time has as much as all have.
	_ = http.NewResponseController(r.writer).SetReadDeadline(time.Now().Add(patience))
	return r.Body
}

// Objects is a list of objects within the object; nil when it is not there or
// null. The Err of each is its own to ask for.
func (p *Params) Objects(name string) []*Params {
	var values []map[string]json.RawMessage
	if !p.read(name, "must be an array of hashes", &values) || values == nil {
		return nil
	}
	all := make([]*Params, 0, len(values))
	for _, v := range values {
		all = append(all, &Params{req: p.req, object: p.path(name), values: v})
	}
	return all
}
