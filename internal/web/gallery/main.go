// The gallery serves every page with example data, to be looked at. It is a tool
// of this repository and is not shipped.
//
//	go run ./internal/web/gallery --listen 127.0.0.1:4099
package main

import (
	"flag"
	"fmt"
	"html"
	"log"
	"net/http"
	"time"

	"github.com/deskauth/deskauth/internal/web"
	"github.com/deskauth/deskauth/internal/web/webtest"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:4099", "address to serve the gallery at")
	flag.Parse()
	server := &http.Server{Addr: *listen, Handler: gallery(), ReadHeaderTimeout: 5 * time.Second}
	log.Printf("gallery at http://%s/", *listen)
	log.Fatal(server.ListenAndServe())
}

// gallery is an index of the samples, and each sample under its name.
func gallery() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", web.Static())
	mux.HandleFunc("GET /{$}", index)
	for _, s := range webtest.Samples() {
		mux.HandleFunc("GET /"+s.Name, func(w http.ResponseWriter, _ *http.Request) {
			web.Render(w, s.Status, s.Page)
		})
	}
	return mux
}

func index(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprint(w, `<!doctype html><html lang="en"><title>Gallery</title><h1>Gallery</h1><ul>`)
	for _, s := range webtest.Samples() {
		fmt.Fprintf(w, `<li><a href="/%[1]s">%[1]s</a>`, html.EscapeString(s.Name))
	}
	fmt.Fprint(w, `</ul></html>`)
}
