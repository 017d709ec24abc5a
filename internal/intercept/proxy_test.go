package intercept

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// echo answers with what it was asked.
func echo(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	fmt.Fprintf(w, "%s %s %s%s %s %s", r.Method, scheme, r.Host, r.URL, r.RequestURI, body)
}

// start serves a proxy until the test ends. What is not set answers as echo does, and
// dials nobody.
func start(t *testing.T, p *Proxy) (address string) {
	t.Helper()
	if p.Answer == nil {
		p.Answer = http.HandlerFunc(echo)
	}
	if p.Authority == nil {
		p.Authority = newAuthority(t, time.Now())
	}
	if p.Dial == nil {
		p.Dial = func(_ context.Context, _, address string) (net.Conn, error) {
			t.Errorf("opened a connection to %s", address)
			return nil, errors.New("this test opens none")
		}
	}
	p.Log = slog.New(slog.DiscardHandler)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx, listener) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

// through is a client that goes through a proxy and trusts its authority.
func throughProxy(t *testing.T, address string, p *Proxy) *http.Client {
	t.Helper()
	transport := &http.Transport{
		Proxy:             http.ProxyURL(&url.URL{Scheme: "http", Host: address}),
		TLSClientConfig:   &tls.Config{RootCAs: pool(p.Authority)},
		ForceAttemptHTTP2: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func TestZendeskIsAnsweredHere(t *testing.T) {
	p := &Proxy{}
	client := throughProxy(t, start(t, p), p)
	for name, c := range map[string]struct{ url, want string }{
		"as programs do": {"https://acme.zendesk.com/api/v2/users/me.json?a=b%20c", "POST https acme.zendesk.com/api/v2/users/me.json?a=b%20c /api/v2/users/me.json?a=b%20c a body"},
		"with a port":    {"https://acme.zendesk.com:443/", "POST https acme.zendesk.com/ / a body"},
		"another port":   {"https://acme.zendesk.com:8443/", "POST https acme.zendesk.com/ / a body"},
		"in capitals":    {"https://ACME.Zendesk.COM/", "POST https acme.zendesk.com/ / a body"},
		"escaped":        {"https://acme.zendesk.com/a%2Fb", "POST https acme.zendesk.com/a%2Fb /a%2Fb a body"},
		"no account":     {"https://a.b.zendesk.com/", "POST https a.b.zendesk.com/ / a body"},
		"the apex":       {"https://zendesk.com/", "POST https zendesk.com/ / a body"},
	} {
		t.Run(name, func(t *testing.T) {
			r, err := client.Post(c.url, "text/plain", strings.NewReader("a body"))
			if err != nil {
				t.Fatal(err)
			}
			if got := text(t, r); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestZendeskIsAnsweredInEachForm(t *testing.T) {
	address := start(t, &Proxy{})
	for name, c := range map[string]struct {
		send   string
		status int
		want   string // in the body, or in Location
	}{
		"absolute form, https": {
			"GET https://acme.zendesk.com/x?y HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 200, "GET https acme.zendesk.com/x?y /x?y ",
		},
		"absolute form, http": {
			"GET http://acme.zendesk.com/x?y HTTP/1.1\r\nHost: acme.zendesk.com\r\n\r\n", 301, "https://acme.zendesk.com/x?y",
		},
		"a tunnel to plain HTTP": {
			"CONNECT acme.zendesk.com:80 HTTP/1.1\r\nHost: acme.zendesk.com:80\r\n\r\nGET /x HTTP/1.1\r\nHost: acme.zendesk.com\r\n\r\n",
			301, "https://acme.zendesk.com/x",
		},
		"a tunnel to Zendesk, a request to another": {
			"CONNECT acme.zendesk.com:80 HTTP/1.1\r\nHost: acme.zendesk.com:80\r\n\r\nGET /x HTTP/1.1\r\nHost: other.example\r\n\r\n",
			421, "other.example",
		},
		"not meant for a proxy": {
			"GET /x HTTP/1.1\r\nHost: acme.zendesk.com\r\n\r\n", 400, "proxy",
		},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, c.send); err != nil {
				t.Fatal(err)
			}
			from := bufio.NewReader(conn)
			if strings.HasPrefix(c.send, "CONNECT") {
				opened(t, from)
			}
			r, err := http.ReadResponse(from, nil)
			if err != nil {
				t.Fatal(err)
			}
			body := text(t, r)
			if got := r.Header.Get("Location") + body; r.StatusCode != c.status || !strings.Contains(got, c.want) {
				t.Errorf("answered %d %s, want %d with %s", r.StatusCode, got, c.status, c.want)
			}
		})
	}
}

func TestOtherHostsAreReached(t *testing.T) {
	for _, plain := range []bool{true, false} {
		other := httptest.NewUnstartedServer(http.HandlerFunc(echo))
		start := other.Start
		if !plain {
			start = other.StartTLS
		}
		start()
		defer other.Close()
		for name, between := range map[string]bool{"directly": false, "through an upstream proxy": true} {
			t.Run(other.URL[:5]+" "+name, func(t *testing.T) { reachesOther(t, other, between) })
		}
	}
}

// reachesOther asks for other.example, which the dialer finds at a server of the test.
func reachesOther(t *testing.T, other *httptest.Server, between bool) {
	var dialled []string
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		dialled = append(dialled, address)
		return (&net.Dialer{}).DialContext(ctx, network, other.Listener.Addr().String())
	}
	p := &Proxy{Dial: dial}
	if between {
		upstream := &Proxy{Dial: dial}
		at := start(t, upstream)
		p.Upstream = func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "http", Host: at}, nil }
		p.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != at {
				t.Errorf("went to %s past the upstream proxy", address)
			}
			return (&net.Dialer{}).DialContext(ctx, network, at)
		}
	}
	client := throughProxy(t, start(t, p), p)
	if c := other.Certificate(); c != nil {
		client.Transport.(*http.Transport).TLSClientConfig.RootCAs.AddCert(c)
		client.Transport.(*http.Transport).TLSClientConfig.ServerName = "example.com" // httptest's name
	}
	scheme := other.URL[:strings.Index(other.URL, ":")]
	r, err := client.Post(scheme+"://other.example/x", "text/plain", strings.NewReader("a body"))
	if err != nil {
		t.Fatal(err)
	}
	want := "POST " + scheme + " other.example/x /x a body"
	if got := text(t, r); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	client.CloseIdleConnections()
	if len(dialled) != 1 || !strings.HasPrefix(dialled[0], "other.example:") {
		t.Errorf("dialled %q", dialled)
	}
}

func TestOfflineRefuses(t *testing.T) {
	here := httptest.NewServer(http.HandlerFunc(echo))
	defer here.Close()
	p := &Proxy{Offline: true, Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if !loopback(address) {
			t.Errorf("opened a connection to %s", address)
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}}
	address := start(t, p)
	client := throughProxy(t, address, p)
	r, err := client.Get("http://other.example/")
	if err != nil {
		t.Fatal(err)
	}
	if body := text(t, r); r.StatusCode != http.StatusForbidden || !strings.Contains(body, "other.example") {
		t.Errorf("answered %d %s", r.StatusCode, body)
	}
	if err := noTunnel(t, client); !strings.Contains(err.Error(), "Forbidden") {
		t.Errorf("a tunnel: %v", err)
	}
	// Go sends nothing for loopback to a proxy; others do.
	for _, send := range []string{
		"GET " + here.URL + "/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"CONNECT " + here.Listener.Addr().String() + " HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, send)
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err != nil || !strings.Contains(line, " 200 ") {
			t.Errorf("this machine: %q %v", line, err)
		}
		conn.Close()
	}
}

// TestZendeskIsNeverDialled takes the last way there is: an upstream proxy of that name.
func TestZendeskIsNeverDialled(t *testing.T) {
	p := &Proxy{Upstream: func(*http.Request) (*url.URL, error) {
		return &url.URL{Scheme: "http", Host: "proxy.zendesk.com:3128"}, nil
	}}
	client := throughProxy(t, start(t, p), p)
	r, err := client.Get("http://other.example/")
	if err != nil {
		t.Fatal(err)
	}
	if text(t, r); r.StatusCode != http.StatusBadGateway {
		t.Errorf("answered %d", r.StatusCode)
	}
	if err := noTunnel(t, client); !strings.Contains(err.Error(), "Bad Gateway") {
		t.Errorf("a tunnel: %v", err)
	}
}

func TestServeCutsTunnelsOff(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p := &Proxy{Answer: http.HandlerFunc(echo), Authority: newAuthority(t, time.Now()), Log: slog.New(slog.DiscardHandler)}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Serve(ctx, listener) }()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "CONNECT %s HTTP/1.1\r\nHost: x\r\n\r\n", silent.Addr())
	from := bufio.NewReader(conn)
	opened(t, from)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := from.ReadByte(); err == nil {
		t.Error("the tunnel is still open")
	}
}

func TestNames(t *testing.T) {
	for host, want := range map[string][2]bool{ // of Zendesk, of this machine
		"acme.zendesk.com": {true, false}, "ACME.ZENDESK.COM.:443": {true, false}, "zendesk.com": {true, false},
		"a.b.zendesk.com": {true, false}, "notzendesk.com": {false, false}, "zendesk.com.example": {false, false},
		"zendesk": {false, false}, "localhost:80": {false, true}, "acme.localhost": {false, true}, "[::1]:443": {false, true},
		"127.9.9.9": {false, true}, "::ffff:127.0.0.1": {false, true}, "10.0.0.1": {false, false}, "": {false, false},
	} {
		if got := [2]bool{Zendesk(host), loopback(host)}; got != want {
			t.Errorf("%q: Zendesk, loopback = %v, want %v", host, got, want)
		}
	}
}

// opened reads that a tunnel was opened.
func opened(t *testing.T, from *bufio.Reader) {
	t.Helper()
	r, err := http.ReadResponse(from, &http.Request{Method: http.MethodConnect})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		t.Fatalf("the tunnel: %s", r.Status)
	}
}

// noTunnel holds that another host is not reached by HTTPS, and returns why.
func noTunnel(t *testing.T, client *http.Client) error {
	t.Helper()
	r, err := client.Get("https://other.example/")
	if err == nil {
		r.Body.Close()
		t.Fatalf("opened a tunnel, and was answered %s", r.Status)
	}
	return err
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}
