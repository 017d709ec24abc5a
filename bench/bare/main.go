// Command bare is what deskauth is measured against: net/http and as little as
// can be said to do the same work. It authenticates one client by one constant
// digest, decides nothing, remembers nothing, logs nothing.
//
//	bare -db FILE -client ID -user ID -account ID    POST /oauth/tokens   the same rows, in groups
//	bare -answer FILE                                GET  /…              the same bytes
//	bare -proxy URL                                  ANY  /…              httputil.ReverseProxy, with a credential
//	bare -tokens N                                   POST /oauth/introspect  a hash and a map
package main

import (
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "bare:", err)
		os.Exit(1)
	}
}

func run() error {
	listen := flag.String("listen", "127.0.0.1:0", "`address` to serve on")
	secret := flag.String("secret", "", "the client's `secret`")
	db := flag.String("db", "", "SQLite `file` that an issuer has migrated: POST /oauth/tokens writes to it")
	answer := flag.String("answer", "", "`file` of an answer, headers and body, that every GET gets")
	tokens := flag.Int("tokens", 0, "`number` of tokens that POST /oauth/introspect knows: token-0, token-1 …")
	proxy := flag.String("proxy", "", "`URL` that everything is passed on to")
	var row row
	flag.Int64Var(&row.account, "account", 0, "the client's account")
	flag.Int64Var(&row.client, "client", 0, "the client")
	flag.Int64Var(&row.user, "user", 0, "the client's user")
	flag.Parse()

	mux := http.NewServeMux()
	if *db != "" {
		i, err := newIssuer(*db, *secret, row)
		if err != nil {
			return err
		}
		mux.HandleFunc("POST /oauth/tokens", i.tokens)
	}
	if *answer != "" {
		same, err := newSame(*answer)
		if err != nil {
			return err
		}
		mux.Handle("GET /", same)
	}
	if *proxy != "" {
		p, err := newProxy(*proxy)
		if err != nil {
			return err
		}
		mux.Handle("/", p)
	}
	if *tokens > 0 {
		mux.HandleFunc("POST /oauth/introspect", newMap(*secret, *tokens).introspect)
	}
	l, err := net.Listen("tcp", *listen) //nolint:noctx // opening an address waits for nothing
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
