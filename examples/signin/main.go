// Command signin is the app of Zendesk's tutorial: a home page, the sign-in at Zendesk, a profile.
//
//	ZENDESK_CLIENT_SECRET=… go run ./examples/signin -account acme
package main

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"flag"
	"html/template"
	"log"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"time"

	"github.com/deskauth/deskauth"
	"github.com/deskauth/deskauth/embedded"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]...); !errors.Is(err, http.ErrServerClosed) {
		log.Fatalln("signin:", err)
	}
}

func run(ctx context.Context, args ...string) error {
	flags := flag.NewFlagSet("signin", flag.ExitOnError)
	listen := flags.String("listen", "localhost:8080", "address of this app")
	zendeskURL := flags.String("zendesk", "https://{subdomain}.zendesk.com", "where Zendesk is")
	account := flags.String("account", "", "your subdomain: its people alone may sign in")
	data := flags.String("data", ".", "directory for the connections and the keys that seal them")
	_ = flags.Parse(args)
	var a app
	var err error
	a.Broker, err = embedded.Open(ctx, embedded.Config{
		Path: *data + "/connections.db", SealingKeys: *data + "/sealing-keys.json",
		PublicURL: "http://" + *listen, CallbackPath: "/handle_user_decision", ZendeskURL: *zendeskURL,
		Account: *account, Accounts: []string{*account}, // the word of another account proves nothing here
		ClientID: "oauth_tutorial_app", ClientSecret: os.Getenv("ZENDESK_CLIENT_SECRET"), OnConnected: a.signedIn,
	})
	if err != nil {
		return err
	}
	defer func() { _ = a.Close() }()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { show(w, http.StatusOK, "home", nil) })
	mux.HandleFunc("GET /profile", a.profile)
	mux.Handle("/", a.Handler())
	server := &http.Server{Addr: *listen, Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Shutdown(context.WithoutCancel(ctx)) })
	log.Println("signin: open http://" + *listen)
	return server.ListenAndServe()
}

type app struct {
	*embedded.Broker
	sessions sync.Map // cookie → deskauth.Connection
}

func (a *app) signedIn(w http.ResponseWriter, r *http.Request, c deskauth.Connection, _ string) {
	session := &http.Cookie{Name: "signin", Value: rand.Text(), Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode}
	a.sessions.Store(session.Value, c)
	http.SetCookie(w, session)
	http.Redirect(w, r, "/profile", http.StatusSeeOther)
}

func (a *app) profile(w http.ResponseWriter, r *http.Request) {
	var session string
	if cookie, err := r.Cookie("signin"); err == nil {
		session = cookie.Value
	}
	c, ok := a.sessions.Load(session)
	if !ok {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return
	}
	me, err := a.API(c.(deskauth.Connection)).Me(r.Context())
	if err != nil {
		show(w, http.StatusBadGateway, "error", err)
		return
	}
	show(w, http.StatusOK, "profile", me)
}

//go:embed pages.html
var source string
var pages = template.Must(template.New("").Parse(source))

func show(w http.ResponseWriter, status int, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_ = pages.ExecuteTemplate(w, page, data)
}
