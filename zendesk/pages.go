package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"net/http"
	"net/url"
	"strconv"
)

// Lists are read page by page, as the loop asks for more:
//
//	page[size]=100 ─▶ {"clients":[…],"meta":{"has_more":true,"after_cursor":"…"}} ─▶ page[after]=…
//	per_page=100   ─▶ {"users":[…],"count":231,"next_page":"…?page=2"}            ─▶ page=2
//
// Zendesk answers the second way where it knows no cursors, whatever was asked, so what
// comes next is read from the answer. A loop that ends without an error has seen all that
// there was.

// ErrTooDeep is for a list by offset of which Zendesk shows only the beginning:
// MaxOffsetRecords of most, a thousand of a search. An *APIError with the code
// InvalidPaginationDepth is it too.
var ErrTooDeep = errors.New("zendesk: the list is longer than Zendesk shows by offset")

// Is tells that a refusal is ErrTooDeep.
func (e *APIError) Is(target error) bool {
	return target == ErrTooDeep && e.Code == "InvalidPaginationDepth"
}

// ListOption says how a list is asked for.
type ListOption func(*listing)

type listing struct {
	size     int
	newest   bool
	byOffset bool
}

// PageSize is how many records a request asks for, at most and by default MaxPageSize.
func PageSize(n int) ListOption {
	return func(l *listing) { l.size = min(max(n, 1), MaxPageSize) }
}

// NewestFirst asks for what was made last first, where Zendesk lets a list be sorted by
// created_at.
func NewestFirst() ListOption { return func(l *listing) { l.newest = true } }

// ByOffset asks for numbered pages instead of cursors, as some lists want. What is added
// or removed while one reads makes it skip or repeat records.
func ByOffset() ListOption { return func(l *listing) { l.byOffset = true } }

func listed(options []ListOption) (l listing) {
	l.size = MaxPageSize
	for _, o := range options {
		o(&l)
	}
	return l
}

// first is the query of the first page.
func (l listing) first(query url.Values) url.Values {
	own := maps.Clone(query)
	if own == nil {
		own = url.Values{}
	}
	if l.byOffset {
		own.Set("per_page", strconv.Itoa(l.size))
	} else {
		own.Set("page[size]", strconv.Itoa(l.size))
	}
	if l.newest {
		own.Set("sort", "-created_at")
	}
	return own
}

// page is what a page says of itself beside its records.
type page struct {
	Meta     *PageMeta `json:"meta"`
	NextPage *string   `json:"next_page"`
	Count    *int      `json:"count"`
}

var errEndless = errors.New("zendesk: a page leads back to one that was read")

// next is the query of the page after this one, nil when it is the last. seen is how many
// records there were until now.
func (p page) next(query url.Values, seen int) (url.Values, error) {
	switch {
	case p.Meta != nil && !p.Meta.HasMore:
		return nil, nil
	case p.Meta != nil:
		if p.Meta.AfterCursor == nil || *p.Meta.AfterCursor == "" || *p.Meta.AfterCursor == query.Get("page[after]") {
			return nil, errEndless
		}
		next := maps.Clone(query)
		next.Set("page[after]", *p.Meta.AfterCursor)
		return next, nil
	case p.NextPage != nil && *p.NextPage != "":
		// Its query alone: the token goes to no other host or path.
		to, err := url.Parse(*p.NextPage)
		if err != nil || to.Query().Get("page") == "" || to.Query().Get("page") == query.Get("page") {
			return nil, errEndless
		}
		return to.Query(), nil
	case p.Count != nil && *p.Count > seen && seen >= searchDepth:
		return nil, ErrTooDeep
	}
	return nil, nil
}

// searchDepth is the least of the depths at which lists by offset end.
const searchDepth = 1000

// list reads the records of a list, whose name is member. Each is read alone, by read, so
// that one that is odd is said and not taken for the end.
func list[T any](ctx context.Context, a *API, path, member string, query url.Values, options []ListOption, read func([]byte, *T) error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var none T
		seen := 0
		asked := map[string]bool{}
		for query := listed(options).first(query); query != nil; {
			if err := ctx.Err(); err != nil {
				yield(none, err)
				return
			}
			if asked[query.Encode()] { // by way of others, too
				yield(none, errEndless)
				return
			}
			asked[query.Encode()] = true
			records, p, err := a.page(ctx, path, member, query)
			if err != nil {
				yield(none, err)
				return
			}
			for _, raw := range records {
				var v T
				if err := read(raw, &v); err != nil {
					yield(none, err)
					return
				}
				if !yield(v, nil) {
					return
				}
			}
			seen += len(records)
			if query, err = p.next(query, seen); err != nil {
				yield(none, err)
				return
			}
		}
	}
}

func (a *API) page(ctx context.Context, path, member string, query url.Values) (records []json.RawMessage, p page, err error) {
	err = a.do(ctx, call{method: http.MethodGet, path: path, query: query, most: listMost}, func(data []byte) error {
		var all map[string]json.RawMessage
		if json.Unmarshal(data, &all) != nil || json.Unmarshal(data, &p) != nil ||
			all[member] == nil || json.Unmarshal(all[member], &records) != nil || records == nil {
			return errors.New("the answer is not the JSON of a list of " + member)
		}
		return nil
	})
	return records, p, err
}
