package intercept

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// established opens a tunnel (RFC 9110 section 9.3.6).
const established = "HTTP/1.1 200 Connection established\r\n\r\n"

// take ends a tunnel to Zendesk here. What comes first tells TLS from plain HTTP: some
// clients ask for a tunnel for both, to any port.
func (run *serving) take(w http.ResponseWriter, r *http.Request) {
	client, err := run.hijack(w)
	if err != nil {
		return
	}
	if _, err := io.WriteString(client, established); err != nil {
		_ = client.Close()
		return
	}
	_ = client.SetReadDeadline(time.Now().Add(headerTimeout))
	first, err := client.buffered.Peek(1)
	_ = client.SetReadDeadline(time.Time{})
	if err != nil {
		_ = client.Close()
		return
	}
	// RFC 8446 section 5.1: a handshake record begins with 22, a method never does.
	if first[0] != 22 {
		run.inside.hand(client)
		return
	}
	run.inside.hand(tls.Server(client, run.vouch(hostname(r.Host))))
}

// vouch is TLS for a tunnel that was asked for by a name. A client that names another
// host of Zendesk's in its hello gets that one's certificate.
func (run *serving) vouch(asked string) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"},
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if Zendesk(hello.ServerName) {
				return run.Authority.Leaf(hello.ServerName)
			}
			return run.Authority.Leaf(asked)
		},
	}
}

// tunnel passes bytes between a client and a host that is not Zendesk's.
func (run *serving) tunnel(w http.ResponseWriter, r *http.Request) {
	if run.refused(r.Host) {
		run.refuse(w, r.Host)
		return
	}
	remote, err := run.reach(r.Context(), r.Host)
	if err != nil {
		run.unreachable(w, r.Host, err)
		return
	}
	defer remote.Close()
	client, err := run.hijack(w)
	if err != nil {
		return
	}
	defer client.Close()
	if _, err := io.WriteString(client, established); err != nil {
		return
	}
	splice(run.ctx, client, remote) //nolint:contextcheck // the request's ends when its connection is taken over
}

// splice copies both ways until both ends are done or ctx ends. The end of one
// direction is passed on alone, as TCP has it.
func splice(ctx context.Context, a, b *peeked) {
	stop := context.AfterFunc(ctx, func() { _ = errors.Join(a.Close(), b.Close()) })
	defer stop()
	done := make(chan struct{})
	go func() {
		defer close(done)
		flow(a, b)
	}()
	flow(b, a)
	<-done
}

func flow(to, from *peeked) {
	_, err := io.Copy(to.Conn, from)
	half, can := to.Conn.(interface{ CloseWrite() error })
	if err != nil || !can {
		_ = errors.Join(to.Close(), from.Close())
		return
	}
	_ = half.CloseWrite()
}

// reach opens a connection to a host, through the upstream proxy if there is one for it.
func (run *serving) reach(ctx context.Context, host string) (*peeked, error) {
	var via *url.URL
	if run.Upstream != nil {
		var err error
		// The tunnel is opaque; it is nearly always TLS.
		if via, err = run.Upstream(&http.Request{URL: &url.URL{Scheme: "https", Host: host}}); err != nil {
			return nil, err
		}
	}
	if via == nil {
		return run.open(ctx, host)
	}
	if via.Scheme != "http" {
		return nil, fmt.Errorf("the proxy %s is not http://", via.Redacted())
	}
	address := via.Host
	if via.Port() == "" {
		address = net.JoinHostPort(via.Hostname(), "80")
	}
	c, err := run.open(ctx, address)
	if err != nil {
		return nil, err
	}
	if err := ask(ctx, c, host, via.User); err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

func (run *serving) open(ctx context.Context, address string) (*peeked, error) {
	c, err := run.dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &peeked{c, bufio.NewReader(c)}, nil
}

// ask has a proxy open a tunnel to host.
func ask(ctx context.Context, c *peeked, host string, as *url.Userinfo) error {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	r := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: host}, Host: host, Header: http.Header{}}
	if as != nil {
		password, _ := as.Password()
		r.SetBasicAuth(as.Username(), password)
		r.Header.Set("Proxy-Authorization", r.Header.Get("Authorization"))
		r.Header.Del("Authorization")
	}
	if err := r.Write(c); err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.buffered, r)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		_ = answer.Body.Close()
		return fmt.Errorf("the upstream proxy answered %s", answer.Status)
	}
	return nil
}

func (run *serving) hijack(w http.ResponseWriter) (*peeked, error) {
	c, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		run.Log.Error("proxy: a connection cannot be taken over", "error", err)
		return nil, err
	}
	return &peeked{c, rw.Reader}, nil
}

// peeked is a connection of which some bytes were read ahead.
type peeked struct {
	net.Conn
	buffered *bufio.Reader
}

func (c *peeked) Read(b []byte) (int, error) { return c.buffered.Read(b) }

// handed is a listener of connections that others accepted.
type handed struct {
	address net.Addr
	conns   chan net.Conn
	closed  chan struct{}
	once    func()
}

func newHanded(address net.Addr) *handed {
	h := &handed{address: address, conns: make(chan net.Conn), closed: make(chan struct{})}
	h.once = sync.OnceFunc(func() { close(h.closed) })
	return h
}

// hand gives a connection to whoever accepts next.
func (h *handed) hand(c net.Conn) {
	select {
	case h.conns <- c:
	case <-h.closed:
		_ = c.Close()
	}
}

// Accept returns the next connection, or net.ErrClosed after Close.
func (h *handed) Accept() (net.Conn, error) {
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

// Close ends Accept. What waits to be handed over is closed.
func (h *handed) Close() error {
	h.once()
	return nil
}

// Addr is the address of the listener that accepted.
func (h *handed) Addr() net.Addr { return h.address }
