package control

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Client asks the controls of a demo issuer on this machine. Make it by Dial.
type Client struct {
	base *url.URL
	http *http.Client
}

// Dial returns a client for a control address, "127.0.0.1:4001" or with http://
// before it. It asks nothing yet; an address of another machine is refused.
func Dial(address string) (*Client, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.Port() == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.User != nil {
		return nil, &Invalid{"address", "is a host and a port, such as 127.0.0.1:4001"}
	}
	if !loopback(u.Host) {
		return nil, &Invalid{"address", u.Host + " is not this machine: a demo is steered from where it runs"}
	}
	u.Path = ""
	// A proxy from the environment has no business here.
	return &Client{base: u, http: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute}}}, nil
}

// Address is the host and port that it asks.
func (c *Client) Address() string { return c.base.Host }

// Close gives up idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// ErrRefused is in the chain of what the controls answered, to be told from not
// reaching them at all.
var ErrRefused = errors.New("the issuer's controls refused it")

// Refusal is what the controls say of a value that they do not take.
type Refusal struct{ Invalid }

func (e *Refusal) Error() string { return ErrRefused.Error() + ": " + e.Invalid.Error() }

func (e *Refusal) Unwrap() error { return ErrRefused }

// Do sends in as JSON (nil: nothing) and decodes the answer into out (nil: it is
// not looked at).
func (c *Client) Do(ctx context.Context, method, path string, in, out any) error {
	body, err := c.Open(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer body.Close()
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(body).Decode(out); err != nil {
		return fmt.Errorf("read what the controls answered: %w", err)
	}
	return nil
}

// Open is Do for an answer that the caller reads, and closes, itself.
func (c *Client) Open(ctx context.Context, method, path string, in any) (io.ReadCloser, error) {
	var body io.Reader
	if in != nil || method == http.MethodPost || method == http.MethodPut {
		data, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		if in == nil {
			data = []byte("{}")
		}
		body = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base.String()+path, body)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("no controls at %s: start a demo issuer, or name its --control address: %w", c.base.Host, errors.Unwrap(err))
	}
	if resp.StatusCode >= http.StatusBadRequest {
		defer resp.Body.Close()
		return nil, refused(resp)
	}
	return resp.Body, nil
}

func refused(resp *http.Response) error {
	var said struct {
		Error string `json:"error"`
		Field string `json:"field"`
	}
	data, _ := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if json.Unmarshal(data, &said) != nil || said.Error == "" {
		return fmt.Errorf("%w: status %d; is this the --control address?", ErrRefused, resp.StatusCode)
	}
	if said.Field != "" {
		return &Refusal{Invalid{said.Field, strings.TrimPrefix(said.Error, said.Field+": ")}}
	}
	return fmt.Errorf("%w: %s", ErrRefused, said.Error)
}

// Clock asks what time it is.
func (c *Client) Clock(ctx context.Context) (s ClockState, err error) {
	err = c.Do(ctx, http.MethodGet, "/clock", nil, &s)
	return s, err
}
