package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/deskauth/deskauth/oauth"
	"github.com/deskauth/deskauth/zendesk"
)

// remoteError says why nothing came of asking a host, and what to do about it.
func remoteError(host string, err error) error {
	var said *zendesk.APIError
	var remote *oauth.RemoteError
	switch {
	case errors.As(err, &said) && (said.Status == http.StatusTooManyRequests || said.Status >= 500):
		return asUnavailable(fmt.Errorf("%s cannot answer now (%w): try again later", host, err))
	case errors.As(err, &said) && said.Status == http.StatusNotFound:
		return asNotFound(fmt.Errorf("%s does not have that (%w)", host, err))
	case errors.As(err, &said):
		return asRefused(fmt.Errorf("%s refuses it: %w", host, err))
	case errors.As(err, &remote) && remote.Status != 0:
		if isPage(remote.ContentType) || remote.Status/100 == 3 {
			return asUnavailable(fmt.Errorf("a web page answers for %s, and not its API: does this network, or a proxy, want a sign-in of its own first? Open any page in a browser, then try again", host))
		}
		return asUnavailable(fmt.Errorf("%s does not answer as Zendesk does: %w", host, err))
	}
	return unreached(host, err)
}

func isPage(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(contentType), "text/html")
}

// unreached is remoteError for who was not spoken to at all.
func unreached(host string, err error) error {
	fail := func(format string, args ...any) error {
		return asUnavailable(fmt.Errorf("%s cannot be reached now: "+format, append([]any{host}, args...)...))
	}
	var name *net.DNSError
	var net1 *net.OpError
	var bad x509.CertificateInvalidError
	var timeout net.Error
	switch {
	case errors.Is(err, context.Canceled):
		return err
	case errors.As(err, &net1) && net1.Op == "proxyconnect":
		return fail("the proxy that HTTPS_PROXY names does not answer (%w)", net1.Err)
	case errors.As(err, &name) && name.IsNotFound:
		return fail("its name is not known here; is there a network, and is the subdomain right?")
	case errors.As(err, &bad) && bad.Reason == x509.Expired:
		return fail("its certificate is not valid at %s; is the clock of this machine right? (%w)", time.Now().UTC().Format("2006-01-02 15:04 MST"), bad)
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return fail("its certificate is signed by nobody whom this machine trusts; a proxy that reads along wants its authority in SSL_CERT_FILE")
	case errors.As(err, new(x509.HostnameError)):
		return fail("its certificate is another host's; does this network, or a proxy, answer in its place?")
	case errors.Is(err, syscall.ECONNREFUSED):
		return fail("nobody listens there; is the address right?")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return fail("it did not answer in time")
	case strings.Contains(err.Error(), http.StatusText(http.StatusProxyAuthRequired)):
		return fail("the proxy that HTTPS_PROXY names wants a sign-in: put it there, as in http://NAME:PASSWORD@proxy.example.com:3128")
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fail("it hung up")
	}
	return fail("%w", err)
}
