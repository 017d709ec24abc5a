package main

import (
	"bufio"
	"bytes"
	"io"
	"maps"
	"net/http"
	"os"
)

// same gives every request the same answer.
type same struct {
	headers http.Header
	body    []byte
}

// newSame reads an answer as it stood on the wire.
func newSame(path string) (*same, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	answer, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(raw)), nil)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	answer.Header.Del("Date") // net/http writes its own
	return &same{answer.Header, body}, err
}

func (s *same) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	maps.Copy(w.Header(), s.headers)
	_, _ = w.Write(s.body)
}
