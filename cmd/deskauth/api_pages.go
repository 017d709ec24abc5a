package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/deskauth/deskauth/zendesk"
)

// pages reads a list to its end. Nothing is printed before all of it is there, so that no
// program takes a part for the whole.
//
//	page[size]=100 ─► {"tickets":[…],"meta":{"has_more":true},"links":{"next":…}} ─► links.next
//	                  {"tickets":[…],"next_page":…}                               ─► next_page
//	                  {"tickets":[…],"after_url":…,"end_of_stream":false}         ─► after_url
func (o apiOptions) pages(ctx context.Context, p process, c *caller, r zendesk.RawRequest) error {
	r.Target = inLargePages(r.Target)
	asked := map[string]bool{}
	all := joined{}
	for {
		if asked[r.Target] {
			return fmt.Errorf("%s leads back to a page of the list that was read: nothing is printed, for nobody knows what is missing", c.host)
		}
		asked[r.Target] = true
		page, err := o.page(ctx, p, c, r)
		if err != nil {
			return err
		}
		next, err := c.nextPage(r.Target, page)
		if err != nil {
			return err
		}
		all.add(page)
		if next == "" {
			break
		}
		r.Target = next
	}
	if o.Quiet {
		return nil
	}
	whole := all.whole
	if o.Slurp {
		whole = all.pages
	}
	if o.asJSON() {
		return o.printing.print(ctx, p.Out, whole)
	}
	if !isTerminal(p.Out) {
		return encode(p.Out, whole)
	}
	text, err := json.MarshalIndent(whole, "", "  ")
	if err == nil {
		fmt.Fprintln(p.Out, printableLines(string(text)))
	}
	return err
}

// page is one. One that is refused is printed, and said by the error.
func (o apiOptions) page(ctx context.Context, p process, c *caller, r zendesk.RawRequest) (any, error) {
	if err := c.pace.wait(ctx); err != nil {
		return nil, c.fail(err)
	}
	resp, err := c.Raw(ctx, r)
	if err != nil {
		return nil, c.fail(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return nil, o.print(ctx, p, c, resp)
	}
	return readJSON(c, resp)
}

// inLargePages asks for cursors, and for as much at a time as Zendesk gives, unless
// something else was asked for. Where it knows no cursors, it answers by offset.
func inLargePages(target string) string {
	path, query, _ := strings.Cut(target, "?")
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if name, err := url.QueryUnescape(name); err != nil || strings.HasPrefix(name, "page") || name == "per_page" {
			return target
		}
	}
	if strings.Contains(path, "/incremental/") { // it has cursors of its own
		return target
	}
	return withQuery(target, []sentField{{key: "page[size]", text: strconv.Itoa(zendesk.MaxPageSize)}})
}

// nextPage is the target of the page that follows; "": this is the last.
func (c *caller) nextPage(now string, page any) (string, error) {
	object, is := page.(map[string]any)
	if !is {
		return "", nil
	}
	link, more := following(object)
	if !more {
		return "", nil
	}
	if link == "" {
		return "", fmt.Errorf("%s says that the list goes on, and not where", c.host)
	}
	to, err := url.Parse(link)
	if err == nil {
		var from *url.URL
		if from, err = url.Parse(now); err == nil {
			from.Scheme, from.Host = c.Base.Scheme, c.Base.Host
			to = from.ResolveReference(to)
		}
	}
	if err != nil {
		return "", fmt.Errorf("%s says that the list goes on at an address that cannot be read", c.host)
	}
	if to.Scheme != c.Base.Scheme || !strings.EqualFold(to.Host, c.host) || to.User != nil {
		return "", fmt.Errorf("%s says that the list goes on at %s://%s: the token of this login goes nowhere else, and nothing is printed", c.host, printable(to.Scheme), printable(to.Host))
	}
	target := to.EscapedPath()
	if err := zendesk.CheckPath(target); err != nil {
		return "", fmt.Errorf("%s says that the list goes on at a path that is not asked for: %w", c.host, err)
	}
	if to.RawQuery != "" {
		target += "?" + to.RawQuery
	}
	return target, nil
}

// following is where a page says that the list goes on, and whether it does.
func following(page map[string]any) (link string, more bool) {
	text := func(v any) string { s, _ := v.(string); return s }
	if meta, is := page["meta"].(map[string]any); is {
		if has, said := meta["has_more"].(bool); said {
			links, _ := page["links"].(map[string]any)
			return text(links["next"]), has
		}
	}
	if over, said := page["end_of_stream"].(bool); said && over {
		return "", false
	}
	for _, name := range []string{"after_url", "next_page", "next_url"} {
		if link := text(page[name]); link != "" {
			return link, true
		}
	}
	return "", false
}

// joined are pages as one.
type joined struct {
	whole any
	pages []any
}

// pageLinks are of one page, and mean nothing in a list that is whole.
var pageLinks = []string{"meta", "links", "next_page", "previous_page", "next_url", "prev_url", "after_url", "before_url"}

// add joins a page: lists one after the other, and of the rest what came last. A bare
// list, as Chat has, is joined too.
func (j *joined) add(page any) {
	j.pages = append(j.pages, page)
	switch page := page.(type) {
	case []any:
		before, is := j.whole.([]any)
		if !is {
			before = []any{} // and not null
		}
		j.whole = append(before, page...)
	case map[string]any:
		whole, is := j.whole.(map[string]any)
		if !is {
			whole = map[string]any{}
		}
		for name, v := range page {
			list, isList := v.([]any)
			before, wasList := whole[name].([]any)
			if isList && wasList {
				v = append(before, list...)
			}
			whole[name] = v
		}
		for _, name := range pageLinks {
			delete(whole, name)
		}
		j.whole = whole
	default:
		j.whole = page
	}
}
