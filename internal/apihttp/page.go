package apihttp

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/internal/issuer"
	"github.com/deskauth/deskauth/zendesk"
)

// Page is what a request asks of a list, by one of Zendesk's two ways: a cursor
// (page[size], page[after], page[before], sort) or an offset (page, per_page).
// Naming page[size] or a cursor chooses the first; Zendesk lets the second's
// parameters be, when both are there.
type Page struct {
	issuer.Range

	byCursor bool
	number   int // of the page, by offset
	address  *url.URL
	query    url.Values
}

// Page reads which part of a list a request wants. Lists are in the order in
// which their things were made, so that sorting by id and by created_at are one.
func (r Request) Page() (Page, error) {
	p := Page{query: r.query, address: r.URL}
	p.Limit = zendesk.MaxPageSize
	p.byCursor = p.query.Has("page[size]") || p.query.Has("page[after]") || p.query.Has("page[before]")
	var err error
	if p.byCursor {
		err = p.readCursors(r)
	} else {
		err = p.readOffset(r)
	}
	return p, err
}

// Whole is for a list that has no pages: all of it is there.
func Whole() Page { return Page{number: 1} }

// ByOffset is the page for a list that knows no cursors.
func (p Page) ByOffset() Page {
	p.byCursor, p.number = false, max(p.number, 1)
	return p
}

func (p *Page) readCursors(r Request) error {
	size, err := r.queryNumber("page[size]", "page.size")
	if err != nil {
		return err
	}
	if size != nil {
		if *size < 1 || *size > zendesk.MaxPageSize {
			return zendesk.InvalidPaginationParameter("page[size]")
		}
		p.Limit = int(*size)
	}
	if err := p.sort(); err != nil {
		return err
	}
	var ok bool
	if p.After, ok = cursorFrom(p.query.Get("page[after]"), p.Descending); !ok {
		return zendesk.InvalidPaginationParameter("page[after]")
	}
	if p.Before, ok = cursorFrom(p.query.Get("page[before]"), p.Descending); !ok || p.Before != 0 && p.After != 0 {
		return zendesk.InvalidPaginationParameter("page[before]")
	}
	return nil
}

func (p *Page) sort() error {
	switch p.query.Get("sort") {
	case "", "id", "created_at":
	case "-id", "-created_at":
		p.Descending = true
	default:
		return zendesk.InvalidPaginationParameter("sort")
	}
	return nil
}

// readOffset caps a per_page that is too large, in silence, as Zendesk does.
func (p *Page) readOffset(r Request) error {
	p.Count, p.number = true, 1
	page, err := r.queryNumber("page", "page")
	if err != nil {
		return err
	}
	size, err := r.queryNumber("per_page", "per_page")
	if err != nil {
		return err
	}
	if size != nil && *size > 0 && *size < zendesk.MaxPageSize {
		p.Limit = int(*size)
	}
	if page != nil && *page > 1 {
		// The page's end counts: page 100 of 100 records is the last there is.
		if *page > zendesk.MaxOffsetRecords || int(*page)*p.Limit > zendesk.MaxOffsetRecords {
			return zendesk.InvalidPaginationDepth
		}
		p.number = int(*page)
		p.Offset = (p.number - 1) * p.Limit
	}
	return p.sort()
}

// A cursor is opaque to clients: a version and the order that it belongs to, the
// number of a row, and a part of their digest. That keeps nobody from making one,
// who could as well ask for the row; but what was altered by mistake is noticed.
const (
	ascending  = byte('a')
	descending = byte('d')

	cursorVersion = 1
	cursorCheck   = 4
)

func cursor(id int64, isDescending bool) *string {
	order := ascending
	if isDescending {
		order = descending
	}
	b := binary.BigEndian.AppendUint64([]byte{cursorVersion, order}, uint64(id))
	sum := sha256.Sum256(b)
	c := base64.RawURLEncoding.EncodeToString(append(b, sum[:cursorCheck]...))
	return &c
}

// cursorFrom reads a cursor of an order; "" is none. What somebody altered, or
// took from a list of the other order, is not ok.
func cursorFrom(text string, isDescending bool) (id int64, ok bool) {
	if text == "" {
		return 0, true
	}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(b) != 2+8+cursorCheck {
		return 0, false
	}
	id = int64(binary.BigEndian.Uint64(b[2:]))
	return id, id > 0 && *cursor(id, isDescending) == text
}

// Listed renders a part of a list under its name, with what leads on from
// there: meta and links by cursor, count, next_page and previous_page by
// offset. id is a thing's number and render what is shown of it.
func Listed[T, V any](req Request, p Page, name string, got issuer.Page[T], id func(T) int64, render func(T) V) Response {
	shown := make([]V, 0, len(got.Items))
	for _, v := range got.Items {
		shown = append(shown, render(v))
	}
	body := members{{name, shown}}
	if !p.byCursor {
		return Response{Body: append(body, p.counted(req.Base, got.Total)...)}
	}
	var first, last int64
	if n := len(got.Items); n > 0 {
		first, last = id(got.Items[0]), id(got.Items[n-1])
	}
	return Response{Body: append(body, p.linked(req.Base, first, last, got.More)...)}
}

// linked tells of a page by cursor. The way back is always offered, and leads to
// an empty page from the first one: it might have grown. has_more speaks of the
// direction in which the client reads.
func (p Page) linked(base string, first, last int64, more bool) members {
	meta, links := zendesk.PageMeta{HasMore: more}, zendesk.PageLinks{}
	if first != 0 {
		meta.BeforeCursor, meta.AfterCursor = cursor(first, p.Descending), cursor(last, p.Descending)
		backwards := p.Before != 0
		if more || backwards {
			links.Next = p.with(base, "page[after]", *meta.AfterCursor, "page[before]")
		}
		if more || !backwards {
			links.Prev = p.with(base, "page[before]", *meta.BeforeCursor, "page[after]")
		}
	}
	return members{{"meta", meta}, {"links", links}}
}

func (p Page) counted(base string, total int) members {
	var next, previous *string
	if p.Limit > 0 && p.number*p.Limit < total {
		next = p.with(base, "page", strconv.Itoa(p.number+1))
	}
	if p.number > 1 {
		previous = p.with(base, "page", strconv.Itoa(p.number-1))
	}
	return members{{"next_page", next}, {"previous_page", previous}, {"count", total}}
}

// with is the request's own address with a parameter of another value, and
// without some others. An access token in the query stays out of it.
func (p Page) with(base, name, value string, without ...string) *string {
	query := url.Values{}
	for k, v := range p.query {
		if k != "access_token" && !slices.Contains(without, k) {
			query[k] = v
		}
	}
	query.Set(name, value)
	// Brackets are readable, and what Zendesk's links have.
	encoded := strings.NewReplacer("%5B", "[", "%5D", "]").Replace(query.Encode())
	link := base + p.address.EscapedPath() + ".json?" + encoded
	return &link
}

// members is a JSON object whose members keep their order.
type members []member

type member struct {
	name  string
	value any
}

// MarshalJSON writes the object.
func (m members) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for n, one := range m {
		if n > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(one.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(one.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}
