package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/deskauth/deskauth/zendesk"
)

// attachOptions are the flags of `deskauth ticket attach`.
type attachOptions struct {
	whichLogin
	printing
	Comment     string
	CommentFile string
	Public      bool
	Pass        bool
	PassFile    string

	gathered bool // the files are gone when the command ends
}

func ticketAttachCommand(p process) *cobra.Command {
	var o attachOptions
	cmd := &cobra.Command{
		Use:   "attach TICKET FILE…",
		Short: "Send files to a ticket, in one comment",
		Long: "Send files to a ticket, in one comment, which agents alone can read unless --public is given.\n" +
			"When some of them fail there is no comment yet: run the same again, and it sends what is\n" +
			"missing. What Zendesk has is remembered for an hour.\n\n" +
			"With --pass no login is needed: the files go by a pass that somebody gave you, to the ticket\n" +
			"that it is for; leave TICKET out. Its link is asked for, or is in DESKAUTH_PASS_LINK.",
		Example: "  deskauth ticket attach 4711 app.log sys.log --comment 'It crashed at noon.'\n" +
			"  deskauth ticket attach --pass app.log",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 && !o.Pass || len(args) < 1 {
				return usagef("%s needs a ticket and files", cmd.CommandPath())
			}
			return nil
		},
	}
	o.flags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return o.run(cmd, p, func(ctx context.Context, p process) error {
			if err := o.printing.check(); err != nil {
				return err
			}
			return o.attach(ctx, p, args)
		})
	}
	return cmd
}

func (o *attachOptions) flags(f *pflag.FlagSet) {
	o.whichLogin.flags(f)
	o.printing.flags(f)
	f.StringVar(&o.Comment, "comment", "", "the comment's `text` (default one line that names the files)")
	f.StringVar(&o.CommentFile, "comment-file", "", "`file` with the text; - is standard input")
	f.BoolVar(&o.Public, "public", false, "a comment that the customer can read")
	f.BoolVar(&o.Pass, "pass", false, "by a pass, whose link is asked for, or is in DESKAUTH_PASS_LINK")
	withoutVariable(f, "pass")
	f.StringVar(&o.PassFile, "pass-link-file", "", "`file` with the link of the pass")
}

// attached is what came of it, as --json tells it. Its names stay.
type attached struct {
	Ticket int64          `json:"ticket"` // 0: a pass does not tell
	URL    string         `json:"url"`    // for people; "": a pass does not tell
	Files  []attachedFile `json:"files"`
}

type attachedFile struct {
	Name string `json:"name"`
	Size int64  `json:"size"`
}

func (o attachOptions) attach(ctx context.Context, p process, args []string) error {
	o.streams = true
	text, err := o.text(ctx, p)
	if err != nil {
		return err
	}
	if o.Pass {
		if o.Public {
			return usagef("--public is the pass's to say: leave it out")
		}
		return o.attachByPass(ctx, p, args, text)
	}
	ticket, err := ticketNumber(args[0])
	if err != nil {
		return err
	}
	files, err := outgoingFiles(args[1:])
	if err != nil {
		return err
	}
	at, err := o.where(p)
	if err != nil {
		return err
	}
	return o.call(ctx, p, func(ctx context.Context, p process, c *caller) error {
		c.needs = "writing on tickets is for agents, with the scopes read and write"
		c.Retry.Most, c.Retry.Within = manyTries, sendWithin
		a := attachment{c, p, ticket, remembered(at), o.gathered}
		said := zendesk.NewComment{Body: cmp.Or(text, defaultComment(files)), Public: new(o.Public)}
		done, err := a.send(ctx, files, said)
		if err != nil {
			return a.explained(err)
		}
		return o.tell(ctx, p, done)
	})
}

func (o attachOptions) text(ctx context.Context, p process) (string, error) {
	switch {
	case o.CommentFile == "":
		return o.Comment, nil
	case o.Comment != "":
		return "", usagef("both --comment and --comment-file are given: keep one")
	case o.CommentFile == "-":
		text, err := readSome(ctx, p.In, commentMost+1)
		if ctx.Err() != nil {
			return "", err
		}
		return checkComment(text, err)
	}
	text, err := os.ReadFile(o.CommentFile)
	return checkComment(text, err)
}

// commentMost is how long Zendesk lets a comment be.
const commentMost = 65535

func checkComment(text []byte, err error) (string, error) {
	if err == nil && len(text) > commentMost {
		err = fmt.Errorf("a comment has at most %d characters", commentMost)
	}
	if err != nil {
		return "", usagef("--comment-file: %w", err)
	}
	return string(text), nil
}

func defaultComment(files []outgoing) string {
	if len(files) == 1 {
		return "Attached: " + files[0].Name
	}
	return fmt.Sprintf("Attached: %s and %d more", files[0].Name, len(files)-1)
}

func (o attachOptions) tell(ctx context.Context, p process, done attached) error {
	return printRecord(ctx, o.printing, p, done, fmt.Sprint(done.Ticket), func(w io.Writer) {
		what := fmt.Sprintf("%d files are", len(done.Files))
		if len(done.Files) == 1 {
			what = printable(done.Files[0].Name) + " is"
		}
		if done.URL == "" {
			fmt.Fprintf(w, "%s on the ticket of the pass.\n", what)
			return
		}
		fmt.Fprintf(w, "%s on ticket %d: %s\n", what, done.Ticket, done.URL)
	})
}

// attachment is one command's work at one ticket.
//
//	files ─► those that Zendesk has already? ─► uploads, one after the other
//	      ─► all there? ─► the comment, once ─► lost answer? look whether it stands
type attachment struct {
	*caller
	p      process
	ticket int64
	memory memory

	gathered bool // the files are gone when the command ends
}

func (a attachment) send(ctx context.Context, files []outgoing, c zendesk.NewComment) (attached, error) {
	done := attached{Ticket: a.ticket, URL: fmt.Sprintf("%s/agent/tickets/%d", a.Base, a.ticket)}
	if _, err := a.Ticket(ctx, a.ticket); err != nil { // before anything is sent
		return done, err
	}
	all, err := a.uploadAll(ctx, files)
	if err != nil {
		return done, err
	}
	c.Uploads = tokensOf(all)
	for _, f := range files {
		done.Files = append(done.Files, attachedFile{f.Name, f.Size})
	}
	if err := a.comment(ctx, files, all, c); err != nil {
		return done, err
	}
	return done, a.memory.forget(a.keys(files))
}

// sendWithin is how long one request is tried with all its waits.
const sendWithin = 10 * time.Minute

// explained says what an error of Zendesk's means; what the command says itself stays.
func (a attachment) explained(err error) error {
	if errors.As(err, new(coded)) || errors.As(err, new(local)) || errors.Is(err, context.Canceled) {
		return err
	}
	return a.fail(err)
}

func (a attachment) key(f outgoing) string { return fmt.Sprint(a.Base, " ", a.ticket, " ", f.Path) }

func (a attachment) keys(files []outgoing) (keys []string) {
	for _, f := range files {
		keys = append(keys, a.key(f))
	}
	return keys
}

// uploadAll sends what Zendesk does not have yet. One file that fails does not hold up
// the others.
func (a attachment) uploadAll(ctx context.Context, files []outgoing) ([]uploaded, error) {
	all := make([]uploaded, len(files))
	var failed error
	there := 0
	for i, f := range files {
		u, err := a.uploadOne(ctx, f)
		if err != nil {
			if ctx.Err() == nil {
				fmt.Fprintf(a.p.Err, "%s: not sent: %s\n", printable(f.Name), printable(a.explained(err).Error()))
			}
			failed = errors.Join(failed, err)
			if ctx.Err() != nil || !mayGoOn(err) {
				break
			}
			continue
		}
		all[i] = u
		there++
	}
	if failed == nil {
		return all, nil
	}
	if there > 0 {
		fmt.Fprintf(a.p.Err, "%d of %d files are at %s, and in no comment yet. Run the same again within the hour: they are not sent a second time.\n", there, len(files), a.host)
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if there > 0 {
		return nil, coded{fmt.Errorf("%d of %d files were not sent", len(files)-there, len(files)), exitPartly}
	}
	return nil, failed
}

// mayGoOn tells whether another file may do better: not where the token or the role is
// what is refused.
func mayGoOn(err error) bool {
	var said *zendesk.APIError
	return !errors.As(err, &said) || said.Status != 401 && said.Status != 403
}

// uploadTries is how often a file is sent whose answer is lost: what nobody got a token
// for is nowhere to be seen.
const uploadTries = 3

func (a attachment) uploadOne(ctx context.Context, f outgoing) (uploaded, error) {
	key := a.key(f)
	if u, found := a.memory.find(key, f); found {
		fmt.Fprintf(a.p.Err, "%s: %s has it already.\n", printable(f.Name), a.host)
		return u, nil
	}
	a.sending = f.Name
	defer func() { a.sending = "" }()
	var up zendesk.Upload
	var err error
	for range uploadTries {
		var said *zendesk.APIError
		up, err = a.uploadOnce(ctx, f)
		// A large file that met the end of its token is sent once more, by the next one.
		if err == nil || ctx.Err() != nil || errors.As(err, &said) && said.Status != 401 || errors.As(err, new(local)) {
			break
		}
	}
	if err != nil {
		return uploaded{}, err
	}
	u := uploaded{Token: up.Token, Attachment: up.Attachment.ID, Size: f.Size, Modified: f.Modified, At: time.Now()}
	return u, a.memory.keep(key, u)
}

func (a attachment) uploadOnce(ctx context.Context, f outgoing) (zendesk.Upload, error) {
	file, err := os.Open(f.Path)
	if err != nil {
		return zendesk.Upload{}, local{err}
	}
	defer file.Close()
	body, shown := showProgress(a.p, f, io.NewSectionReader(file, 0, f.Size))
	up, err := a.Upload(ctx, zendesk.File{Name: f.Name, Type: mime.TypeByExtension(filepath.Ext(f.Name)), Size: f.Size, Body: body})
	shown(err == nil)
	return up, err
}

// comment says what the files are for. Its answer may be lost: then the ticket tells
// which of them stand there, now or the next time that they are sent, perhaps with others.
func (a attachment) comment(ctx context.Context, files []outgoing, all []uploaded, c zendesk.NewComment) error {
	if slices.ContainsFunc(all, func(u uploaded) bool { return u.Commented }) {
		lacking, err := a.lacking(ctx, all)
		if err != nil || len(lacking) == 0 {
			return err
		}
		c.Uploads = tokensOf(lacking) // a token is good for one comment
	}
	for i, f := range files {
		all[i].Commented = true
		if err := a.memory.keep(a.key(f), all[i]); err != nil {
			return err
		}
	}
	_, err := a.Comment(ctx, a.ticket, c)
	var said *zendesk.APIError
	if err == nil || errors.As(err, &said) && said.Status < 500 {
		return err
	}
	if lacking, errLook := a.lacking(ctx, all); errLook == nil && len(lacking) == 0 {
		return nil
	} else if errLook != nil {
		a.unseenComment()
	}
	return err
}

func (a attachment) unseenComment() {
	next := "Run the same again: it looks first."
	if a.gathered { // which makes another file
		next = fmt.Sprintf("Look at ticket %d before you run it again: it would be sent a second time.", a.ticket)
	}
	fmt.Fprintf(a.p.Err, "Whether the comment stands could not be seen. %s\n", next)
}

func tokensOf(all []uploaded) (tokens []string) {
	for _, u := range all {
		tokens = append(tokens, u.Token)
	}
	return tokens
}

// lacking are those of the files that stand in no comment of the ticket.
func (a attachment) lacking(ctx context.Context, all []uploaded) ([]uploaded, error) {
	lacking := slices.Clone(all)
	for c, err := range a.Comments(ctx, a.ticket) {
		if err != nil {
			return nil, err
		}
		for _, of := range c.Attachments {
			lacking = slices.DeleteFunc(lacking, func(u uploaded) bool { return u.Attachment == of.ID })
		}
	}
	return lacking, nil
}
