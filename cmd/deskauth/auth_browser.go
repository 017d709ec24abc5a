package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"runtime"
	"strconv"
	"sync"
	"time"

	"github.com/deskauth/deskauth/internal/broker"
	"github.com/deskauth/deskauth/internal/httpd"
	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/oauth"
)

// browserLogin is a sign-in that a browser does:
//
//	login ──► Zendesk, in the browser ──► 127.0.0.1:18484/callback ──┐
//	                        └── or its address, pasted ──────────────┴─► Broker.Callback
type browserLogin struct {
	loginOptions
	*logins
	p    process
	back net.Listener

	departure broker.Departure
	arriving  sync.Mutex // held while a code is exchanged
	over      bool       // nobody waits any more
	once      sync.Once
	done      chan broker.Connection
	failed    chan error
}

func (b *browserLogin) run(ctx context.Context, account string) (broker.Connection, error) {
	if err := b.depart(ctx, account); err != nil {
		return broker.Connection{}, err
	}
	b.done, b.failed = make(chan broker.Connection, 1), make(chan error, 1)
	server := &http.Server{Handler: b.pages(), ReadHeaderTimeout: 10 * time.Second}
	served := make(chan struct{})
	go func() { defer close(served); _ = server.Serve(b.back) }()
	defer func() {
		// Whoever has just come back still gets their page.
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
		defer cancel()
		_ = server.Shutdown(ending)
		<-served
	}()
	b.send(ctx)
	ctx, cancel := context.WithTimeoutCause(ctx, b.Timeout, fmt.Errorf("nobody came back from Zendesk within %v", b.Timeout))
	defer cancel()
	if atTerminal(b.p) {
		go b.readPasted(ctx)
	}
	select {
	case c := <-b.done:
		return c, nil
	case err := <-b.failed:
		return broker.Connection{}, err
	case <-ctx.Done():
		if c, is := b.last(); is {
			return c, nil
		}
		return broker.Connection{}, context.Cause(ctx)
	}
}

// last is the sign-in that was under way when the command was asked to end. Its code is
// spent, and there may be a token: it is seen through, and not left behind at Zendesk.
func (b *browserLogin) last() (c broker.Connection, is bool) {
	defer sayFinishing(b.p)()
	b.arriving.Lock()
	defer b.arriving.Unlock()
	b.over = true
	select {
	case c = <-b.done:
		return c, true
	default:
		return c, false
	}
}

// depart begins the sign-in. Where the client lacks the address that is listened on, it
// may have one of the others.
func (b *browserLogin) depart(ctx context.Context, account string) (err error) {
	begin := func() error {
		b.departure, err = b.Connect(ctx, broker.ConnectRequest{Account: account, Scope: oauth.ParseScope(b.Scope)})
		return err
	}
	first, failed := b.RedirectURI, begin()
	for _, port := range b.ports() {
		if !lacksRedirect(err) {
			return err
		}
		if loginRedirect(port) == first {
			continue
		}
		other, taken := listenOn(ctx, port)
		if taken != nil {
			continue
		}
		_ = b.back.Close()
		b.back, b.RedirectURI = other, loginRedirect(port)
		_ = begin() // what comes of it is in err
	}
	if lacksRedirect(err) {
		b.RedirectURI = first // is the one to register
		return failed
	}
	return err
}

func lacksRedirect(err error) bool {
	var failure *broker.Failure
	return errors.As(err, &failure) && failure.Kind == broker.RedirectMismatch
}

// send opens the browser, and says where it goes in any case.
func (b *browserLogin) send(ctx context.Context) {
	opened := !b.NoBrowser && openBrowser(ctx, b.p, b.departure.URL) == nil
	if opened {
		fmt.Fprintln(b.p.Err, "A browser opens. If none does, open this address:")
	} else {
		fmt.Fprintln(b.p.Err, "Open this address in a browser:")
	}
	fmt.Fprintf(b.p.Err, "\n  %s\n\n", b.departure.URL)
	if atTerminal(b.p) {
		fmt.Fprintln(b.p.Err, "If the browser is on another machine, paste the address that it ends at here.")
	}
}

// openBrowser opens an address as the person's system does, or by the program in
// BROWSER.
func openBrowser(ctx context.Context, p process, address string) error {
	name, args := "xdg-open", []string{address}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", address}
	}
	if chosen, found := p.Lookup("BROWSER"); found && chosen != "" {
		name, args = chosen, []string{address}
	} else if _, remote := p.Lookup("SSH_CONNECTION"); remote {
		return errors.New("the person sits elsewhere")
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), name, args...) //nolint:gosec // the person's own browser
	if err := cmd.Start(); err != nil {
		return err
	}
	go func() { _ = cmd.Wait() }()
	return nil
}

// readPasted takes addresses that somebody pastes, until one is of this sign-in.
func (b *browserLogin) readPasted(ctx context.Context) {
	for ctx.Err() == nil {
		line, err := readLine(b.p.In)
		if err != nil {
			return
		}
		query, is := callbackOf(line)
		if !is {
			if line != "" {
				fmt.Fprintf(b.p.Err, "That is not the address: it begins with %s?\n", b.RedirectURI)
			}
			continue
		}
		if _, err := b.arrive(ctx, query); isForeign(err) {
			fmt.Fprintln(b.p.Err, "That address is of another sign-in.")
		}
	}
}

// isForeign tells what did not come from the sign-in that is waited for.
func isForeign(err error) bool {
	var failure *broker.Failure
	return errors.As(err, &failure) && (failure.Kind == broker.StateExpired && failure.Account == "" || failure.Kind == broker.WrongBrowser)
}

// arrive ends the sign-in, unless what came is of another.
func (b *browserLogin) arrive(ctx context.Context, query url.Values) (broker.Connection, error) {
	b.arriving.Lock()
	defer b.arriving.Unlock()
	if b.over {
		return broker.Connection{}, context.Canceled
	}
	// A code is good for one exchange: whoever begins it ends it.
	arrival, err := b.Callback(context.WithoutCancel(ctx), query, b.departure.Browser)
	switch {
	case err == nil:
		b.once.Do(func() { b.done <- arrival.Connection })
	case !isForeign(err):
		b.once.Do(func() { b.failed <- err })
	}
	return arrival.Connection, err
}

// pages is what the browser is shown when it comes back.
func (b *browserLogin) pages() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", web.Static())
	mux.HandleFunc("GET "+loginPath, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		page := web.Page{Lang: web.Match(r.Header.Get("Accept-Language"), "")}
		c, err := b.arrive(context.WithoutCancel(r.Context()), r.URL.Query())
		var failure *broker.Failure
		switch {
		case err == nil:
			web.Render(w, http.StatusOK, web.Connected{
				Page: page, UserName: cmp.Or(c.User.Name, strconv.FormatInt(c.User.ID, 10)), Role: c.User.Role, Product: "Support",
				Account: b.Base.URL(c.Account).Host, Granted: c.Granted, Missing: c.Missing(),
			})
		case isForeign(err): // whatever it is, it is not what is waited for
			web.Render(w, http.StatusNotFound, web.ConnectFailed{Page: page, Kind: web.StateExpired})
		case errors.As(err, &failure):
			web.Render(w, http.StatusBadRequest, web.ConnectFailed{
				Page: page, Kind: web.Failure(failure.Kind), Account: b.Base.URL(cmp.Or(failure.Account, "account")).Host, Answer: failure.Answer,
			})
		default: // the terminal says what
			web.Render(w, http.StatusInternalServerError, web.ConnectFailed{Page: page, Kind: web.FailedOtherwise})
		}
	})
	return httpd.SecureHeaders(mux)
}
