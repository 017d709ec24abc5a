package main

import (
	"net/http"
	"net/http/httputil"
	"net/url"
)

// newProxy passes everything on with a credential of its own. It keeps as many
// connections as are used at once, or opening them would be what is measured.
func newProxy(target string) (http.Handler, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	return &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConnsPerHost: 64},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Header.Set("Authorization", "Bearer constant")
		},
	}, nil
}
