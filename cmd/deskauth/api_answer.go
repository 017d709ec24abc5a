package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// answerMost bounds an answer that is read before anything is printed: for jq, a
// template, a terminal, or as a page of many. In bytes.
const answerMost = 64 << 20

// print prints one answer, whatever its status, and then says what a bad one means.
func (o apiOptions) print(ctx context.Context, p process, c *caller, resp *http.Response) error {
	if o.Include {
		printHead(p, resp)
	}
	good := resp.StatusCode/100 == 2
	filtered := good && o.asJSON()
	head := make([]byte, 0, refusalMost)
	var err error
	switch {
	case o.Quiet && good:
		return nil
	case filtered:
		var page any
		if page, err = readJSON(c, resp); err == nil {
			err = o.printing.print(ctx, p.Out, page)
		}
		return err
	case isTerminal(p.Out) || o.Quiet:
		head, err = readAnswer(c, resp)
		if err == nil && !o.Quiet {
			err = toTerminal(p, resp, head)
		}
	default:
		// Byte for byte. Of a refusal, the beginning says why.
		kept := &firstBytes{&head}
		if _, err = io.Copy(io.MultiWriter(p.Out, kept), resp.Body); err != nil {
			err = brokeOff(c, err)
		}
	}
	if err != nil || good {
		return err
	}
	return c.refused(resp, head)
}

// refusalMost is how much of a refusal is looked at to say why.
const refusalMost = 64 << 10

// firstBytes keeps what comes first, as much as there is room for.
type firstBytes struct{ text *[]byte }

func (f *firstBytes) Write(b []byte) (int, error) {
	room := cap(*f.text) - len(*f.text)
	*f.text = append(*f.text, b[:min(len(b), room)]...)
	return len(b), nil
}

// refused says why an answer is no success.
func (c *caller) refused(resp *http.Response, body []byte) error {
	if resp.StatusCode/100 == 3 {
		to := "elsewhere"
		if at, err := resp.Location(); err == nil && at.Host != "" && !strings.EqualFold(at.Host, c.host) {
			to = "to " + printable(at.Host)
		}
		return asRefused(fmt.Errorf("%s answers with status %d and leads %s; the token goes nowhere else, so nothing is followed: --include shows where it leads", c.host, resp.StatusCode, to))
	}
	if said := zendesk.ParseAPIError(resp.StatusCode, resp.Header, body); resp.StatusCode/100 > 3 {
		return c.fail(said)
	}
	return asUnavailable(fmt.Errorf("%s answers with status %d", c.host, resp.StatusCode))
}

func brokeOff(c *caller, err error) error {
	if errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, context.DeadlineExceeded) {
		return asUnavailable(fmt.Errorf("the answer of %s broke off: what was printed is not all of it (%w)", c.host, err))
	}
	return err
}

func readAnswer(c *caller, resp *http.Response) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerMost+1))
	switch {
	case err != nil && errors.Is(err, context.Canceled):
		return nil, err
	case err != nil:
		return nil, remoteError(c.host, &oauth.RemoteError{Status: resp.StatusCode, Sent: true, Err: fmt.Errorf("the answer broke off: %w", err)})
	case len(text) > answerMost:
		return nil, fmt.Errorf("the answer is longer than %d MiB: write it to a file with > FILE", answerMost>>20)
	}
	return text, nil
}

// readJSON reads an answer as jq and templates see it. No answer at all is null.
func readJSON(c *caller, resp *http.Response) (any, error) {
	text, err := readAnswer(c, resp)
	if err != nil || len(bytes.TrimSpace(text)) == 0 {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber() // or an id would be printed as 1e+06
	var v any
	if d.Decode(&v) != nil || d.Decode(&struct{}{}) != io.EOF {
		if isPage(resp.Header.Get("Content-Type")) {
			return nil, remoteError(c.host, &oauth.RemoteError{Status: resp.StatusCode, ContentType: "text/html", Sent: true, Err: errors.New("a page")})
		}
		return nil, fmt.Errorf("the answer of %s is not JSON: leave --jq, --template and --paginate out to see it", c.host)
	}
	return v, nil
}

// toTerminal prints for people: JSON indented, texts without what a terminal obeys, and
// nothing that is no text.
func toTerminal(p process, resp *http.Response, body []byte) error {
	var pretty bytes.Buffer
	switch {
	case len(body) == 0:
	case json.Indent(&pretty, bytes.TrimSpace(body), "", "  ") == nil:
		fmt.Fprintln(p.Out, printableLines(pretty.String()))
	case !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0:
		return fmt.Errorf("the answer is %d bytes of %s, and nothing for a terminal: write them to a file with > FILE", len(body), printable(resp.Header.Get("Content-Type")))
	default:
		fmt.Fprintln(p.Out, printableLines(strings.TrimRight(string(body), "\n")))
	}
	return nil
}

// printHead prints the status and the headers as HTTP/1.1 has them.
func printHead(p process, resp *http.Response) {
	fmt.Fprintln(p.Out, printable(resp.Proto+" "+resp.Status))
	var names []string
	for name := range resp.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range resp.Header[name] {
			fmt.Fprintln(p.Out, printable(name+": "+value))
		}
	}
	fmt.Fprintln(p.Out)
}
