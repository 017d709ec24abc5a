package main

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/zendesk"
)

// `deskauth api PATH` asks anything of an account's API:
//
//	arguments ─► apiRequest: target, headers, body ─► caller (pace, token, renewal)
//	          ─► one answer, as it came              ─► standard output
//	          └► --paginate: pages, joined into one  ─► standard output, --jq or --template
type apiOptions struct {
	whichLogin
	printing
	Method   string
	Fields   fields
	Input    string
	Headers  []string
	Include  bool
	Paginate bool
	Slurp    bool
}

func apiCommand(p process) *cobra.Command {
	var o apiOptions
	cmd := &cobra.Command{
		Use:   "api PATH",
		Short: "Ask anything of an account's API, and print what it answers",
		Long: "Ask anything of an account's API as the login, and print what it answers. PATH is what\n" +
			"follows /api/v2/, a path from / on, or a whole address at the account's own host: the token\n" +
			"goes to no other. A request is GET, or POST where fields or --input are given; only GET and\n" +
			"HEAD are sent again when Zendesk says \"later\".\n\n" +
			"A field is KEY=VALUE. With --field the values true, false, null and numbers are those of\n" +
			"JSON, and @FILE is what the file holds (@-: standard input); with --raw-field each is a text.\n" +
			"a[b]=x is {\"a\":{\"b\":\"x\"}}, and a[]=x adds to a list. Fields of a GET, and those beside\n" +
			"--input, are its query.\n\n" +
			"Where Zendesk refuses, what it says goes to standard output all the same, and the exit code\n" +
			"tells: `deskauth help exit-codes`.",
		Example: "  deskauth api users/me\n" +
			"  deskauth api tickets -F ticket[subject]='It crashes' -F ticket[comment][body]=@report.txt\n" +
			"  deskauth api tickets --paginate --jq '.tickets[] | select(.status == \"open\") | .id'\n" +
			"  deskauth api 'uploads?filename=app.log' --input app.log -H 'Content-Type: text/plain'\n" +
			"  deskauth api -X DELETE oauth/tokens/4711",
		Args: exactArgs("PATH"),
	}
	o.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd, p, func(ctx context.Context, p process) error {
			if err := o.check(); err != nil {
				return err
			}
			o.streams = true
			return localError(o.call(ctx, p, func(ctx context.Context, p process, c *caller) error {
				return o.ask(ctx, p, c, args[0])
			}))
		})
	}
	return cmd
}

func (o *apiOptions) flags(f *pflag.FlagSet) {
	o.whichLogin.flags(f)
	f.StringVarP(&o.Method, "method", "X", "", "`method` of the request (default GET, or POST where there is something to send)")
	f.VarP(o.Fields.flag(true), "field", "F", "`key=value` to send, typed; may repeat")
	f.VarP(o.Fields.flag(false), "raw-field", "f", "`key=value` to send, a text; may repeat")
	f.StringVar(&o.Input, "input", "", "`file` to send as it is; - is standard input")
	f.StringArrayVarP(&o.Headers, "header", "H", nil, "`name: value` of a header; may repeat")
	for _, name := range []string{"method", "field", "raw-field", "input", "header"} {
		withoutVariable(f, name)
	}
	f.BoolVarP(&o.Include, "include", "i", false, "print the status and the headers of the answer before it")
	f.BoolVar(&o.Paginate, "paginate", false, "read all pages of a list, as one document")
	f.BoolVar(&o.Slurp, "slurp", false, "with --paginate: a list of the pages as they came")
	f.StringVar(&o.JQ, "jq", "", "print what a jq `expression` makes of the JSON")
	f.StringVar(&o.Template, "template", "", "print the JSON by a Go `template`")
	f.BoolVarP(&o.Quiet, "quiet", "q", false, "print nothing of the answer")
	f.BoolVar(&o.Quiet, "silent", false, "as --quiet")
}

func (o *apiOptions) check() error {
	if o.Method == "" {
		o.Method = http.MethodGet
		if o.Input != "" || len(o.Fields.all) > 0 {
			o.Method = http.MethodPost
		}
	}
	o.Method = strings.ToUpper(o.Method)
	if !isToken(o.Method) || o.Method == http.MethodConnect || o.Method == http.MethodTrace {
		return usagef("--method: %s is none that an API takes", printable(o.Method))
	}
	switch {
	case o.Slurp && !o.Paginate:
		return usagef("--slurp says how --paginate joins pages: give both")
	case o.Paginate && o.Method != http.MethodGet:
		return usagef("--paginate reads a list: its method is GET, not %s", o.Method)
	case o.Paginate && o.Include:
		return usagef("--include is of one answer: leave it out, or --paginate")
	case o.Input != "" && !mayHaveBody(o.Method):
		return usagef("--input: a %s has no body", o.Method)
	case o.Input == "-" && o.Fields.readsStdin():
		return usagef("standard input is read once: by --input, or by a field")
	}
	return o.printing.check()
}

func mayHaveBody(method string) bool { return method != http.MethodGet && method != http.MethodHead }

// ask is the whole of the command, once there is a login.
func (o apiOptions) ask(ctx context.Context, p process, c *caller, arg string) error {
	c.needs = "it wants another role, or a scope that the token has not"
	r, closing, err := o.request(ctx, p, c, arg)
	if err != nil {
		return err
	}
	defer closing()
	if o.Paginate {
		return o.pages(ctx, p, c, r)
	}
	if err := c.pace.wait(ctx); err != nil {
		return c.fail(err)
	}
	resp, err := c.Raw(ctx, r)
	if err != nil {
		return c.fail(err)
	}
	defer resp.Body.Close()
	return o.print(ctx, p, c, resp)
}

// request is what is to be sent. The body is open until it is closed.
func (o apiOptions) request(ctx context.Context, p process, c *caller, arg string) (r zendesk.RawRequest, closing func(), err error) {
	closing = func() {}
	r.Method = o.Method
	if r.Target, err = c.target(arg); err != nil {
		return r, closing, err
	}
	if r.Header, err = requestHeaders(o.Headers); err != nil {
		return r, closing, err
	}
	sent, err := o.Fields.read(ctx, p)
	if err != nil {
		return r, closing, err
	}
	switch {
	case o.Input != "":
		if r.Body, r.Size, closing, err = openInput(ctx, p, o.Input); err != nil {
			return r, func() {}, err
		}
		typed(r.Header, "application/octet-stream")
		r.Target = withQuery(r.Target, sent)
	case !mayHaveBody(o.Method):
		r.Target = withQuery(r.Target, sent)
	case len(sent) > 0:
		text, err := asObject(sent)
		if err != nil {
			return r, closing, err
		}
		r.Body, r.Size = strings.NewReader(text), int64(len(text))
		typed(r.Header, "application/json")
	}
	return r, closing, nil
}

func typed(h http.Header, kind string) { h.Set("Content-Type", cmp.Or(h.Get("Content-Type"), kind)) }

// unread says that an input cannot be read.
func unread(flag, name string, err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		err = path.Err // the name is said once
	}
	return usagef("%s: %s: %w", flag, printable(name), err)
}
