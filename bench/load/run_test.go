package load_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/deskauth/deskauth/bench/load"
)

// script asks for a path and wants an answer.
type script struct {
	path, want string
	answers    int
}

var errWrong = errors.New("wrong")

func (s *script) Next(b []byte) []byte {
	return fmt.Appendf(b, "GET %s HTTP/1.1\r\nHost: test\r\n\r\n", s.path)
}

func (s *script) Answered(status int, body []byte) error {
	if status != http.StatusOK || string(body) != s.want {
		return fmt.Errorf("%w: %d %.40q", errWrong, status, body)
	}
	s.answers++
	return nil
}

func serve(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("/short", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "short") })
	mux.HandleFunc("/empty", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/long", func(w http.ResponseWriter, _ *http.Request) {
		for range 5 { // more than is buffered: in chunks
			fmt.Fprint(w, strings.Repeat("long", 10_000))
		}
	})
	mux.HandleFunc("/closes", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return strings.TrimPrefix(s.URL, "http://")
}

func TestRun(t *testing.T) {
	addr := serve(t)
	short, empty := &script{path: "/short", want: "short"}, &script{path: "/empty"}
	long := &script{path: "/long", want: strings.Repeat("long", 50_000)}
	r, err := load.Run(t.Context(), addr, 50*time.Millisecond, []load.Script{short, empty, long})
	if err != nil {
		t.Fatal(err)
	}
	if short.answers == 0 || empty.answers == 0 || long.answers == 0 || r.Answers != short.answers+empty.answers+long.answers {
		t.Errorf("%d answers; %d short, %d empty, %d long", r.Answers, short.answers, empty.answers, long.answers)
	}
	if r.Took < 50*time.Millisecond || r.PerSecond() <= 0 || r.Quantile(.5) <= 0 || r.Quantile(.5) > r.Quantile(1) {
		t.Errorf("took %s, %f a second, p50 %s, longest %s", r.Took, r.PerSecond(), r.Quantile(.5), r.Quantile(1))
	}
}

// The first wrong answer, or none, ends the run at once.
func TestRunEndsWithTheFirstFailure(t *testing.T) {
	addr := serve(t)
	for name, wrong := range map[string]*script{
		"another body": {path: "/short", want: "long"}, "another status": {path: "/none"}, "no answer": {path: "/closes"},
	} {
		start := time.Now()
		_, err := load.Run(t.Context(), addr, time.Minute, []load.Script{&script{path: "/short", want: "short"}, wrong})
		if err == nil || time.Since(start) > 30*time.Second {
			t.Errorf("%s: %v after %s", name, err, time.Since(start))
		}
		if name != "no answer" && !errors.Is(err, errWrong) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// At a rate, no more is asked than is due.
func TestRunAt(t *testing.T) {
	addr := serve(t)
	one, other := &script{path: "/short", want: "short"}, &script{path: "/empty"}
	r, err := load.RunAt(t.Context(), addr, 200*time.Millisecond, 100, []load.Script{one, other})
	if err != nil {
		t.Fatal(err)
	}
	// Each has a turn every 20 ms, the first at once; the last may have waited past the end.
	if one.answers == 0 || other.answers == 0 || one.answers > 11 || other.answers > 11 || r.Answers != one.answers+other.answers {
		t.Errorf("%d and %d answers, want up to 11 each", one.answers, other.answers)
	}
}
