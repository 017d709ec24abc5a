package httpd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// start runs one server on a free port until stop, which returns Run's error.
func start(t *testing.T, h http.Handler) (url string, stop func() error) {
	t.Helper()
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, Server{Name: "test", Listener: l, Handler: h, Log: quiet()}) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return "http://" + l.Addr().String(), stop
}

func TestRunServesAllUntilTheEnd(t *testing.T) {
	defer goleak.VerifyNone(t)
	ctx, cancel := context.WithCancel(t.Context())
	var servers []Server
	for _, name := range []string{"issuer", "ops"} {
		l, err := Listen("127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		servers = append(servers, Server{
			Name: name, Listener: l, Log: quiet(),
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, name) }),
		})
	}
	done := make(chan error, 1)
	go func() { done <- Run(ctx, servers...) }()

	client := &http.Client{Transport: &http.Transport{}}
	for _, s := range servers {
		if got := body(t, client, "http://"+s.Listener.Addr().String()); got != s.Name {
			t.Errorf("%s answered %q", s.Name, got)
		}
	}
	client.CloseIdleConnections()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Run = %v", err)
	}
	for _, s := range servers {
		if _, err := net.Dial("tcp", s.Listener.Addr().String()); err == nil {
			t.Errorf("%s still listens", s.Name)
		}
	}
}

func body(t *testing.T, client *http.Client, url string) string {
	t.Helper()
	res, err := client.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRunReturnsTheFirstFailure(t *testing.T) {
	defer goleak.VerifyNone(t)
	good, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	broken := &pipes{failure: errors.New("listener broke"), ended: make(chan struct{})}
	err = Run(t.Context(),
		Server{Name: "issuer", Listener: good, Handler: http.NotFoundHandler(), Log: quiet()},
		Server{Name: "ops", Listener: broken, Handler: http.NotFoundHandler(), Log: quiet()})
	if err == nil || err.Error() != "ops: listener broke" {
		t.Errorf("Run = %v", err)
	}
	if _, err := net.Dial("tcp", good.Addr().String()); err == nil {
		t.Error("the other server goes on")
	}
}

func TestRunClosesWhatItNeverServed(t *testing.T) {
	defer goleak.VerifyNone(t)
	l, err := Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Run(ctx, Server{Name: "test", Listener: l, Handler: http.NotFoundHandler(), Log: quiet()}); err != nil {
		t.Errorf("Run = %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("it still listens")
	}
}

// pipes is a listener in memory, so that synctest's clock moves for its
// connections' deadlines.
type pipes struct {
	conns   chan net.Conn
	ended   chan struct{}
	end     sync.Once
	failure error
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), ended: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	if p.failure != nil {
		return nil, p.failure
	}
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.ended:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.end.Do(func() { close(p.ended) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// inBubble runs h on a pipe listener under synctest's clock.
func inBubble(t *testing.T, h http.Handler, log *slog.Logger, test func(t *testing.T, p *pipes, stop func() error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := newPipes()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Run(ctx, Server{Name: "test", Listener: p, Handler: h, Log: log}) }()
		stop := sync.OnceValue(func() error {
			cancel()
			return <-done
		})
		defer func() { _ = stop() }()
		test(t, p, stop)
	})
}

func TestSlowHeaderIsCutOff(t *testing.T) {
	inBubble(t, http.NotFoundHandler(), quiet(), func(t *testing.T, p *pipes, _ func() error) {
		begun := time.Now()
		conn := p.dial()
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: ")
		_, _ = io.Copy(io.Discard, conn) // until the server closes
		if took := time.Since(begun); took != readHeaderTimeout {
			t.Errorf("cut off after %v, want %v", took, readHeaderTimeout)
		}
	})
}

func TestSlowBodyIsCutOff(t *testing.T) {
	var readErr error
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { _, readErr = io.ReadAll(r.Body) })
	inBubble(t, h, quiet(), func(t *testing.T, p *pipes, _ func() error) {
		begun := time.Now()
		conn := p.dial()
		defer conn.Close()
		io.WriteString(conn, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
		_, _ = io.Copy(io.Discard, conn)
		if took := time.Since(begun); took != readTimeout || readErr == nil {
			t.Errorf("cut off after %v with %v, want %v and an error", took, readErr, readTimeout)
		}
	})
}

func TestHugeHeaderIsRefused(t *testing.T) {
	url, _ := start(t, http.NotFoundHandler())
	req, err := http.NewRequest("GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Filler", strings.Repeat("a", 2*maxHeaderBytes))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d, want 431", res.StatusCode)
	}
}

func TestShutdownWaitsForTheRequestInFlight(t *testing.T) {
	const work = shutdownTimeout - time.Second
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(work):
			io.WriteString(w, "done")
		case <-r.Context().Done():
			io.WriteString(w, "cancelled")
		}
	})
	inBubble(t, h, quiet(), func(t *testing.T, p *pipes, stop func() error) {
		conn := p.dial()
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		synctest.Wait()

		answer := make(chan string, 1)
		go func() { answer <- readBody(conn) }()
		begun := time.Now()
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if got := <-answer; got != "done" {
			t.Errorf("the request in flight got %q", got)
		}
		if took := time.Since(begun); took < work || took >= shutdownTimeout {
			t.Errorf("stopped after %v", took)
		}
	})
}

func readBody(conn net.Conn) string {
	res, err := http.ReadResponse(bufio.NewReader(conn), nil) //nolint:bodyclose // the connection is closed
	if err != nil {
		return err.Error()
	}
	b, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

func TestShutdownIsBounded(t *testing.T) {
	var log lockedBuffer
	var cause error
	h := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		cause = r.Context().Err()
	})
	inBubble(t, h, NewLogger(&log, slog.LevelInfo, "text"), func(t *testing.T, p *pipes, stop func() error) {
		conn := p.dial()
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		synctest.Wait()

		begun := time.Now()
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		synctest.Wait()
		if took := time.Since(begun); took != shutdownTimeout || cause == nil {
			t.Errorf("stopped after %v, request ended by %v; want %v and a cancelled context", took, cause, shutdownTimeout)
		}
		if !strings.Contains(log.String(), "requests cut off at shutdown") {
			t.Errorf("log = %s", log.String())
		}
	})
}

func TestShutdownDoesNotWaitForNewcomers(t *testing.T) {
	inBubble(t, http.NotFoundHandler(), quiet(), func(t *testing.T, p *pipes, stop func() error) {
		conn := p.dial() // as browsers do in advance
		defer conn.Close()
		synctest.Wait()
		begun := time.Now()
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if took := time.Since(begun); took >= time.Second {
			t.Errorf("stopped after %v", took)
		}
	})
}

func TestShutdownDoesNotWaitForIdleConnections(t *testing.T) {
	inBubble(t, http.NotFoundHandler(), quiet(), func(t *testing.T, p *pipes, stop func() error) {
		conn := p.dial()
		defer conn.Close()
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if got := readBody(conn); !strings.Contains(got, "404") {
			t.Fatalf("got %q", got)
		}
		synctest.Wait()
		begun := time.Now()
		if err := stop(); err != nil {
			t.Errorf("Run = %v", err)
		}
		if took := time.Since(begun); took >= time.Second {
			t.Errorf("stopped after %v", took)
		}
	})
}

func TestServerErrorsGoToItsLog(t *testing.T) {
	var log lockedBuffer
	h := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(fmt.Errorf("unrecovered")) })
	inBubble(t, h, NewLogger(&log, slog.LevelInfo, "text"), func(t *testing.T, p *pipes, _ func() error) {
		conn := p.dial()
		defer conn.Close()
		io.WriteString(conn, "GET /?code=c0de HTTP/1.1\r\nHost: a\r\n\r\n")
		_, _ = io.Copy(io.Discard, conn)
		synctest.Wait()
		if got := log.String(); !strings.Contains(got, "unrecovered") || strings.Contains(got, "c0de") {
			t.Errorf("log = %s", got)
		}
	})
}

// lockedBuffer collects a log that several goroutines write.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
