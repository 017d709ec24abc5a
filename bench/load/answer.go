package load

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// headersMost bounds what an answer may have of headers.
const headersMost = 100

var (
	errAnswer = errors.New("the answer is not HTTP/1.1 with a length")
	length    = []byte("content-length")
	encoding  = []byte("transfer-encoding")
	chunked   = []byte("chunked")
)

// readAnswer reads one response and appends its body to b.
func readAnswer(in *bufio.Reader, b []byte) (status int, body []byte, err error) {
	line, err := in.ReadSlice('\n')
	if err != nil {
		return 0, b, fmt.Errorf("read the status line: %w", err)
	}
	// HTTP/1.1 200 OK
	if len(line) < len("HTTP/1.1 200") || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, b, errAnswer
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, b, errAnswer
	}
	size, inChunks, err := readHeaders(in)
	switch {
	case err != nil:
		return status, b, err
	case inChunks:
		body, err = readChunks(in, b)
	case size >= 0:
		body, err = readMore(in, b, size)
	case status == 204:
		body = b
	default:
		err = errAnswer
	}
	return status, body, err
}

// readHeaders looks for how the body ends; size is -1 when they do not say.
func readHeaders(in *bufio.Reader) (size int, inChunks bool, err error) {
	size = -1
	for range headersMost {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return size, inChunks, fmt.Errorf("read a header: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return size, inChunks, nil
		}
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, length):
			if size, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || size < 0 {
				return -1, false, errAnswer
			}
		case bytes.EqualFold(name, encoding):
			inChunks = bytes.EqualFold(bytes.TrimSpace(value), chunked)
		}
	}
	return size, inChunks, errAnswer
}

// readChunks reads a body in chunks (RFC 9112 section 7.1), without trailers.
func readChunks(in *bufio.Reader, b []byte) ([]byte, error) {
	for {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return b, err
		}
		digits, _, _ := bytes.Cut(bytes.TrimRight(line, "\r\n"), []byte(";"))
		size, err := strconv.ParseUint(string(digits), 16, 31)
		if err != nil {
			return b, errAnswer
		}
		if b, err = readMore(in, b, int(size)); err != nil {
			return b, err
		}
		if _, err := in.Discard(len("\r\n")); err != nil {
			return b, err
		}
		if size == 0 {
			return b, nil
		}
	}
}

func readMore(in *bufio.Reader, b []byte, size int) ([]byte, error) {
	at := len(b)
	if need := at + size; need > cap(b) {
		b = append(make([]byte, 0, 2*need), b...)
	}
	b = b[:at+size]
	_, err := io.ReadFull(in, b[at:])
	return b, err
}
