package main

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/deskauth/deskauth/zendesk"
)

// apiRoot is what a path without a slash in front begins with.
const apiRoot = "/api/v2/"

// target is the path and the query that an argument means, as they go over the wire.
func (c *caller) target(arg string) (string, error) {
	if strings.ContainsFunc(arg, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", usagef("PATH has control characters")
	}
	if strings.ContainsAny(arg, `\#`) {
		return "", usagef("PATH has a \\ or a #, which no path of an API has")
	}
	if scheme, rest, whole := strings.Cut(arg, "://"); whole && !strings.ContainsAny(scheme, "/?") {
		end := strings.IndexAny(rest, "/?")
		if end < 0 {
			end = len(rest)
		}
		if !strings.EqualFold(scheme, c.Base.Scheme) || !strings.EqualFold(rest[:end], c.host) {
			return "", usagef("%s is not at %s://%s: the token of this login goes nowhere else", printable(arg), c.Base.Scheme, c.host)
		}
		if arg = rest[end:]; !strings.HasPrefix(arg, "/") {
			arg = "/" + arg
		}
	}
	if arg == "" {
		return "", usagef("PATH is empty")
	}
	path, query, asks := strings.Cut(arg, "?")
	switch {
	case strings.HasPrefix(path, "/"):
	case strings.HasPrefix(path, apiRoot[1:]):
		path = "/" + path
	default:
		path = apiRoot + path
	}
	path = escaped(path)
	if err := zendesk.CheckPath(path); err != nil {
		return "", usagef("PATH: %w", err)
	}
	if asks {
		path += "?" + escaped(query)
	}
	return path, nil
}

// escaped writes what a person types and a URL has not as a URL has it; what is escaped
// already stays.
func escaped(text string) string {
	var b strings.Builder
	for i := range len(text) {
		if c := text[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>^`{|}", c) >= 0 {
			b.WriteString("%" + strings.ToUpper(string("0123456789abcdef"[c>>4])+string("0123456789abcdef"[c&15])))
			continue
		}
		b.WriteByte(text[i])
	}
	return b.String()
}

func withQuery(target string, fields []sentField) string {
	for _, f := range fields {
		by := "?"
		if strings.Contains(target, "?") {
			by = "&"
		}
		target += by + url.QueryEscape(f.key) + "=" + url.QueryEscape(f.text)
	}
	return target
}

// heldBack are headers that are not for the caller to say: by whom the request is, to
// whom it goes, and what belongs to the connection (RFC 9110 section 7.6.1).
var heldBack = map[string]bool{
	"Authorization": true, "Host": true, "Cookie": true, "Connection": true, "Content-Length": true, "Expect": true, "Keep-Alive": true,
	"Proxy-Authorization": true, "Proxy-Connection": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

func requestHeaders(lines []string) (http.Header, error) {
	all := http.Header{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		value = strings.TrimSpace(value)
		switch {
		case !ok || !isToken(name):
			return nil, usagef("--header is NAME: VALUE, such as 'Accept: text/csv', not %q", printable(name))
		case heldBack[http.CanonicalHeaderKey(name)]:
			return nil, usagef("--header: %s is not for you to say: the login says it", http.CanonicalHeaderKey(name))
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return nil, usagef("--header: %s has control characters", name)
		}
		all.Add(name, value)
	}
	return all, nil
}

// isToken tells a name of a header or a method (RFC 9110 section 5.6.2).
func isToken(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		letter := r|0x20 >= 'a' && r|0x20 <= 'z' && r < 0x80
		return !letter && (r < '0' || r > '9') && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// pipedMost bounds how much of a pipe is read to learn how long it is.
const pipedMost = 1 << 20

// openInput opens what is sent as it is. Its size is below 0 where that cannot be told.
func openInput(ctx context.Context, p process, name string) (io.Reader, int64, func(), error) {
	in := p.In
	closing := func() {}
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, 0, nil, unread("--input", name, err)
		}
		in, closing = f, func() { _ = f.Close() }
	}
	if f, is := in.(*os.File); is {
		info, err := f.Stat()
		switch {
		case err == nil && info.IsDir():
			closing()
			return nil, 0, nil, usagef("--input: %s is a directory", printable(name))
		case err == nil && info.Mode().IsRegular():
			at, _ := f.Seek(0, io.SeekCurrent)
			size := max(info.Size()-at, 0)
			// A file that grows is sent as long as it was.
			return io.LimitReader(f, size), size, closing, nil
		}
	}
	head, err := readSome(ctx, in, pipedMost)
	if err != nil {
		closing()
		if ctx.Err() != nil {
			return nil, 0, nil, err
		}
		return nil, 0, nil, unread("--input", name, err)
	}
	if len(head) < pipedMost {
		return bytes.NewReader(head), int64(len(head)), closing, nil
	}
	return io.MultiReader(bytes.NewReader(head), in), -1, closing, nil
}
