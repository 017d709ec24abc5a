package main

import (
	"bytes"
	"fmt"
	"maps"
	"net/url"
	"strconv"

	"github.com/deskauth/deskauth/bench/load"
)

// connections is how many requests are under way at once.
const connections = 32

// scripts makes one script for each connection.
func scripts(of func(connection int) load.Script) []load.Script {
	all := make([]load.Script, connections)
	for n := range all {
		all[n] = of(n)
	}
	return all
}

// fixed sends the same requests in turn and wants the same answer to all.
type fixed struct {
	requests [][]byte
	turn     int
	holds    []byte // what the body must hold
}

func (f *fixed) Next(b []byte) []byte {
	f.turn++
	return append(b, f.requests[f.turn%len(f.requests)]...)
}

func (f *fixed) Answered(status int, body []byte) error {
	if status != 200 || !bytes.Contains(body, f.holds) {
		return fmt.Errorf("answered %d %.200s, which does not hold %s", status, body, f.holds)
	}
	return nil
}

// post is a form on the wire.
func post(addr, path string, form url.Values) []byte {
	return postAs(addr, path, "", form)
}

// postAs is a form with HTTP Basic credentials on the wire.
func postAs(addr, path, basic string, form url.Values) []byte {
	body := form.Encode()
	var authorization string
	if basic != "" {
		authorization = "Authorization: Basic " + basic + "\r\n"
	}
	return fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\n%sContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s",
		path, addr, authorization, len(body), body)
}

// get is a request with a bearer token on the wire.
func get(addr, path, token string) []byte {
	return fmt.Appendf(nil, "GET %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nAccept: application/json\r\n\r\n", path, addr, token)
}

var (
	clientForm = url.Values{"client_id": {identifier}, "client_secret": {clientSecret}}
	issueForm  = with(clientForm, url.Values{"grant_type": {"client_credentials"}, "scope": {"read"}})
)

// with is a form and more.
func with(form, more url.Values) url.Values {
	all := url.Values{}
	maps.Copy(all, form)
	maps.Copy(all, more)
	return all
}

// refreshing uses the refresh token that it was given last.
type refreshing struct {
	addr  string
	token string
	head  []byte
	body  []byte
}

func newRefreshing(addr, token string) *refreshing {
	return &refreshing{
		addr: addr, token: token,
		head: []byte("POST /oauth/tokens HTTP/1.1\r\nHost: " + addr + "\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "),
		body: []byte(with(clientForm, url.Values{"grant_type": {"refresh_token"}}).Encode() + "&refresh_token="),
	}
}

func (r *refreshing) Next(b []byte) []byte {
	b = append(b, r.head...)
	b = strconv.AppendInt(b, int64(len(r.body)+len(r.token)), 10)
	b = append(b, "\r\n\r\n"...)
	b = append(b, r.body...)
	return append(b, r.token...)
}

func (r *refreshing) Answered(status int, body []byte) error {
	_, rest, found := bytes.Cut(body, []byte(`"refresh_token":"`))
	token, _, closed := bytes.Cut(rest, []byte(`"`))
	if status != 200 || !found || !closed {
		return fmt.Errorf("answered %d %.200s to a refresh", status, body)
	}
	r.token = string(token)
	return nil
}
