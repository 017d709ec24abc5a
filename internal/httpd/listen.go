package httpd

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"runtime"
	"syscall"
)

// wsaeAddrInUse is Windows' "address in use", for which syscall has no name.
const wsaeAddrInUse = syscall.Errno(10048)

// Listen opens addr, "host:port" or ":port"; port 0 picks a free one. Errors
// are one line that says what to do.
func Listen(addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr) //nolint:noctx // opening an address waits for nothing
	if err == nil {
		return l, nil
	}
	if inUse(err) {
		return nil, fmt.Errorf("%s is already in use: stop the other program or choose another address", addr)
	}
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%s needs more rights than this user has: choose a port above 1023", addr)
	}
	reason := err
	if op, ok := errors.AsType[*net.OpError](err); ok {
		reason = op.Err // without "listen tcp" and the address once more
	}
	return nil, fmt.Errorf("cannot listen on %q: %w: want host:port with an address of this machine", addr, reason)
}

func inUse(err error) bool {
	return errors.Is(err, syscall.EADDRINUSE) ||
		runtime.GOOS == "windows" && errors.Is(err, wsaeAddrInUse)
}

// LoadTLS reads a PEM certificate chain and its key. Without either it returns
// nil, which serves plain HTTP.
func LoadTLS(cert, key string) (*tls.Config, error) {
	switch {
	case cert == "" && key == "":
		return nil, nil
	case cert == "":
		return nil, fmt.Errorf("TLS key %s has no certificate: --tls-cert and --tls-key go together", key)
	case key == "":
		return nil, fmt.Errorf("TLS certificate %s has no key: --tls-cert and --tls-key go together", cert)
	}
	certPEM, err := readPEM("certificate", cert)
	if err != nil {
		return nil, err
	}
	keyPEM, err := readPEM("key", key)
	if err != nil {
		return nil, err
	}
	pair, err := tls.X509KeyPair(certPEM, keyPEM)
	if err != nil {
		return nil, fmt.Errorf("TLS certificate %s and key %s: %w", cert, key, err)
	}
	// RFC 9325 §3.1.1 rules out what is older.
	return &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}, nil
}

func readPEM(what, path string) ([]byte, error) {
	b, err := os.ReadFile(path)
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err
	}
	if err != nil {
		return nil, fmt.Errorf("TLS %s %s: %w", what, path, err)
	}
	return b, nil
}
